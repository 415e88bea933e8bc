-- How long applications are kept after they are over, set by each company within limits, seen by both sides beforehand; and a
-- company that takes a person out of an application by itself.

alter table applications
    add column retention_from timestamptz not null default now(),
    add column anonymised_at timestamptz;
comment on column applications.retention_from is
    'From when its time counts: when it came to an end; of an open one, a year after its last move, for one that nobody answers '
    'is over, too.';
comment on column applications.anonymised_at is 'When the person was taken out of it; NULL: it is somebody''s.';
update applications set
    retention_from = case when status in ('hired', 'rejected', 'withdrawn') then updated_at else updated_at + interval '365 days' end,
    anonymised_at = (select erased_at from candidates d where d.id = candidate_id);
create index applications_retention on applications (company_id, retention_from) where anonymised_at is null;

create function applications_retention_start() returns trigger
language plpgsql
as $$
begin
    new.retention_from := now() + case when new.status in ('hired', 'rejected', 'withdrawn') then interval '0'
        else interval '365 days' end;
    return new;
end
$$;
create trigger applications_retention_insert before insert on applications for each row
    execute function applications_retention_start();
create trigger applications_retention_update before update of status on applications for each row
    when (old.status is distinct from new.status) execute function applications_retention_start();

create table company_retention (
    company_id       uuid primary key references companies (id) on delete cascade,
    application_days integer not null,
    shortened_at     timestamptz,
    updated_at       timestamptz not null default now(),
    constraint company_retention_application_days_range check (application_days between 30 and 730)
);
comment on table company_retention is 'What a company set; a company without a row has what retention_days says.';
comment on column company_retention.shortened_at is 'Nothing is removed within a week of this: what is to go is seen before.';

create function retention_days(company uuid) returns integer
language sql stable
as $$ select coalesce((select application_days from company_retention r where r.company_id = company), 180) $$;
comment on function retention_days(uuid) is 'How many days a company keeps applications that are over: 180 unless it says otherwise.';

create function application_purge_after(a applications) returns timestamptz
language plpgsql stable
as $$
declare
    r company_retention;
begin
    if a.anonymised_at is not null then
        return null;
    end if;
    select * into r from company_retention where company_id = a.company_id;
    return greatest(a.retention_from + coalesce(r.application_days, 180) * interval '1 day', application_talent_pool_until(a),
        r.shortened_at + interval '7 days');
end
$$;
comment on function application_purge_after(applications) is
    'When the person is taken out of the application, at the earliest: after the company''s days, not before a consent to the '
    'talent pool has ended. NULL: it is nobody''s any more.';

create function retention_document(company uuid) returns text
language sql stable
as $$
    select json_compact(json_build_object('application_days', retention_days(company),
        'shortened_at', rfc3339(r.shortened_at), 'updated_at', rfc3339(r.updated_at),
        'limits', json_build_object('application_days', json_build_object('minimum', 30, 'default', 180, 'maximum', 730)),
        'fixed', json_build_object('open_application_days', 365, 'export_days', 7, 'message_days', 30, 'unattached_document_days', 730)))
    from (select) as one left join company_retention r on r.company_id = company
$$;
comment on function retention_document(uuid) is 'GET /v1/companies/{company_id}/retention.';

create function retention_get(company uuid, caller_company uuid) returns op_result
language plpgsql stable
as $$
declare
    document text := retention_document(company);
begin
    if company is distinct from caller_company then
        return op_problem(403, 'forbidden');
    end if;
    return op_ok(200, document, etag_of(document));
end
$$;

create function retention_put(company uuid, caller_company uuid, body jsonb, if_match text[]) returns op_result
language plpgsql volatile
as $$
declare
    before integer;
    days integer := body -> 'application_days';
    document text;
begin
    if company is distinct from caller_company then
        return op_problem(403, 'forbidden');
    end if;
    perform from companies where id = company for no key update;
    if not etag_matches(if_match, etag_of(retention_document(company))) then
        return op_problem(412, 'precondition_failed');
    end if;
    before := retention_days(company);
    if before <> days then
        insert into company_retention as r (company_id, application_days, shortened_at)
        values (company, days, case when days < before then now() end)
        on conflict (company_id) do update set application_days = excluded.application_days,
            shortened_at = coalesce(excluded.shortened_at, r.shortened_at), updated_at = now();
        perform audit_record('company.retention_changed', 'company', company, company, null,
            jsonb_build_object('from', before, 'to', days));
    end if;
    document := retention_document(company);
    return op_ok(200, document, etag_of(document));
end
$$;
comment on function retention_put(uuid, uuid, jsonb, text[]) is 'How long a company keeps applications that are over.';

-- ---- a person is taken out ----

create function applications_anonymise(ids uuid[], actor text, account uuid) returns void
language plpgsql volatile
as $$
declare
    a applications;
begin
    for a in select * from applications where id = any (ids) and anonymised_at is null order by id for update loop
        perform audit_record('application.anonymised', 'application', a.id, a.company_id, a.candidate_id);
        perform applications_forget_copies(array[a.id], a.candidate_id, array[a.company_id]);
        perform applications_strip(array[a.id]);
        update applications set candidate_id = candidate_nobody('Removed', 'candidate'), anonymised_at = now() where id = a.id;
        insert into application_events (application_id, actor_kind, account_id, type, to_status)
        values (a.id, actor, account, 'anonymised', a.status);
    end loop;
end
$$;
comment on function applications_anonymise(uuid[], text, uuid) is
    'Takes the person out of applications, for ever: what stays is what application_kept says.';

create function applications_anonymise_one(company uuid, account uuid, application uuid) returns op_result
language plpgsql volatile
as $$
declare
    a applications;
    candidate_account uuid;
begin
    select * into a from applications t where t.id = application and t.company_id = company for update;
    if not found or not application_open_to(a, company) then
        return op_problem(404, 'not_found');
    elsif a.status not in ('hired', 'rejected', 'withdrawn') then
        return op_problem(409, 'application_open');
    end if;
    if a.anonymised_at is null then
        select account_id into candidate_account from candidates where id = a.candidate_id;
        perform applications_anonymise(array[a.id], 'company', account);
        perform mail_enqueue('application_anonymised', candidate_account, null, (
            select jsonb_build_object('job', j.title, 'company', c.name)
            from jobs j join companies c on c.id = j.company_id where j.id = a.job_id));
        select * into a from applications t where t.id = application;
    end if;
    return application_result(a, 'company', 200);
end
$$;
comment on function applications_anonymise_one(uuid, uuid, uuid) is
    'POST /v1/applications/{application_id}/anonymise: of one that is over. The candidate is told, and does not see it any more.';

create function applications_purge(at_most integer) returns integer
language plpgsql volatile
as $$
declare
    ids uuid[];
    most integer := least(at_most, 100); -- each takes its copies along, wherever they are
begin
    select array_agg(over.id) into ids from (
        select a.id from companies c cross join lateral (
            select x.id from applications x
            where x.company_id = c.id and x.anonymised_at is null
                and not candidate_restricted(x.candidate_id)
                and x.retention_from <= now() - retention_days(c.id) * interval '1 day' and application_purge_after(x) <= now()
            order by x.retention_from limit most for update skip locked) as a
        limit most) as over;
    perform applications_anonymise(ids, 'system', null);
    return case when cardinality(ids) = most then at_most else coalesce(cardinality(ids), 0) end;
end
$$;
comment on function applications_purge(integer) is 'Takes the persons out of applications whose time is over; how many.';

create function documents_unattached_purge(at_most integer) returns integer
language plpgsql volatile
as $$
declare
    n integer;
begin
    with gone as (
        delete from documents where id in (
            select d.id from documents d
            where d.completed_at < now() - interval '730 days'
                and not exists (select from application_documents x where x.document_id = d.id)
                and not candidate_restricted(d.candidate_id)
            order by d.completed_at limit at_most for update skip locked)
        returning 1)
    select count(*) into n from gone;
    return n;
end
$$;
comment on function documents_unattached_purge(integer) is
    'Removes documents that were stored two years ago and are with no application; how many.';
create index documents_completed on documents (completed_at) where completed_at is not null;
