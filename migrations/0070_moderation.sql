-- What operators decide about a company: whether it is who it says it is (verification), and whether it may go on
-- (suspension). A suspended company's vacancies are not public, its members and tokens may do nothing for it.

alter table companies
    add column verification text not null default 'unverified',
    add column verification_method text,
    add column verification_note text,
    add column verification_changed_at timestamptz,
    add column suspended_at timestamptz,
    add column suspension_reason text,
    add column search_pending boolean not null default false,
    add constraint companies_verification_known check (verification in ('unverified', 'verified', 'rejected')),
    add constraint companies_verification_note_length check (length(verification_note) between 1 and 4000),
    add constraint companies_suspension_reason check ((suspended_at is null) = (suspension_reason is null)
        and length(suspension_reason) between 1 and 2000);
update companies set verification = 'verified', verification_changed_at = verified_at where verified_at is not null;
alter table companies add constraint companies_verified_at_goes_along
    check ((verification = 'verified') = (verified_at is not null));
create index companies_suspended on companies (id) where suspended_at is not null;
create index companies_search_pending on companies (id) where search_pending;
create index companies_newest on companies (created_at desc, id desc);
comment on column companies.verification is 'What an operator found: verified, rejected (it is not who it says), or nothing yet.';
comment on column companies.verification_note is 'The evidence, for operators and the company''s owners.';
comment on column companies.suspended_at is 'Since when an operator has stopped it.';
comment on column companies.suspension_reason is 'Why; its members read it.';
comment on column companies.search_pending is 'It is not suspended any more, and some of its vacancies are not back in job_search yet.';

-- verified_at and verification say one thing; whichever is written, the other follows.
create function companies_verification() returns trigger
language plpgsql
as $$
begin
    if new.verification is distinct from old.verification then
        new.verified_at := case new.verification when 'verified' then now() end;
    else
        new.verification := case when new.verified_at is null then 'unverified' else 'verified' end;
    end if;
    new.verification_changed_at := now();
    return new;
end
$$;
create trigger companies_verification before update on companies for each row
    when (old.verification is distinct from new.verification
        or (old.verified_at is null) <> (new.verified_at is null)) execute function companies_verification();

create function companies_verification_at_first() returns trigger
language plpgsql
as $$
begin
    new.verification := 'verified';
    new.verification_changed_at := new.verified_at;
    return new;
end
$$;
create trigger companies_verification_at_first before insert on companies for each row
    when (new.verified_at is not null) execute function companies_verification_at_first();

create function audit_moderation() returns trigger
language plpgsql
as $$
begin
    if new.verification is distinct from old.verification then
        perform audit_record('company.' || new.verification, 'company', new.id, new.id, null,
            jsonb_build_object('from', old.verification, 'method', new.verification_method));
    end if;
    if (new.suspended_at is null) <> (old.suspended_at is null) then
        perform audit_record(case when new.suspended_at is null then 'company.reinstated' else 'company.suspended' end,
            'company', new.id, new.id);
    end if;
    return null;
end
$$;
create trigger companies_audit_moderation after update on companies for each row
    when (old.verification is distinct from new.verification or (old.suspended_at is null) <> (new.suspended_at is null))
    execute function audit_moderation();

-- --- Search and the other instances --------------------------------------------------------------------------------------

create or replace function company_searchable(c companies) returns boolean
language sql stable
as $$ select c.suspended_at is null $$;

create function job_search_resume(company uuid, at_most integer) returns integer
language plpgsql volatile
as $$
declare
    c companies;
    n integer;
begin
    -- The lock keeps a suspension out meanwhile.
    select * into c from companies where id = company and search_pending for update;
    if not found then
        return 0;
    end if;
    with missing as (
        select j from jobs j
        where j.company_id = company and j.status = 'published' and c.suspended_at is null
            and not exists (select from job_search s where s.job_id = j.id)
        order by j.id limit at_most
    ), done as (
        select job_search_store(j, c), (j).id from missing
    ), logged as (
        insert into job_changes (job_id) select id from done
    )
    select count(*) into n from done;
    if n < at_most then
        update companies set search_pending = false where id = company;
    end if;
    perform pg_notify('segreteria_jobs', '');
    return n;
end
$$;
comment on function job_search_resume(uuid, integer) is
    'Brings vacancies of a company that is no longer suspended back into job_search, so many at most; how many.';

create function job_search_resume_some(at_most integer) returns integer
language plpgsql volatile
as $$
declare
    company uuid;
begin
    select id into company from companies where search_pending order by id limit 1 for update skip locked;
    return case when company is null then 0 else job_search_resume(company, at_most) end;
end
$$;
comment on function job_search_resume_some(integer) is 'job_search_resume for whichever company waits for it.';

create function companies_suspension() returns trigger
language plpgsql
as $$
begin
    perform pg_notify('segreteria_auth', account_id::text) from company_members where company_id = new.id;
    if new.suspended_at is not null then
        delete from job_search where company_id = new.id;
    end if;
    insert into job_changes (job_id) select id from jobs where company_id = new.id and published_at is not null order by id;
    perform pg_notify('segreteria_jobs', '');
    return null;
end
$$;
comment on function companies_suspension() is
    'Takes the vacancies of a suspended company out of search, and tells every instance about them and about the members.';
create trigger companies_suspension after update on companies for each row
    when ((old.suspended_at is null) <> (new.suspended_at is null)) execute function companies_suspension();

-- --- What the public gets ------------------------------------------------------------------------------------------------
-- Statements of the public take the suspended companies as an array, once (an InitPlan that walks companies_suspended, which
-- is empty or nearly): company_id <> all (array(select id from companies where suspended_at is not null)).

create function applications_create_open(job uuid, candidate uuid, account uuid, new_id uuid, body jsonb, lang text)
returns op_result
language plpgsql volatile
as $$
begin
    -- The company is locked: an application and a suspension take turns. An application that is there already is told of.
    perform from companies c join jobs j on j.company_id = c.id where j.id = job and c.suspended_at is null for share of c;
    if not found and not exists (select from applications where job_id = job and candidate_id = candidate
            and status <> 'withdrawn') then
        return op_problem(404, 'not_found');
    end if;
    return applications_create(job, candidate, account, new_id, body, lang);
end
$$;
comment on function applications_create_open(uuid, uuid, uuid, uuid, jsonb, text) is
    'applications_create where the vacancy''s company is not suspended; else there is no such vacancy.';

-- --- Who acts for a suspended company ------------------------------------------------------------------------------------

create or replace function context_holds(c jsonb) returns boolean
language plpgsql volatile
as $$
declare
    account uuid := (c ->> 'account_id')::uuid;
    company uuid := (c ->> 'company_id')::uuid;
    token uuid := (c ->> 'token_id')::uuid;
    ranks constant text[] := array['viewer', 'recruiter', 'owner'];
    now_role text;
begin
    if c ->> 'token_type' = 'session' then
        select m.role into now_role
        from sessions s
        join accounts a on a.id = s.account_id and a.disabled_at is null
        left join company_members m on m.account_id = a.id and m.company_id = company
        where s.id = token and s.account_id = account and s.ended_at is null;
    else
        select m.role into now_role
        from api_tokens t
        join accounts a on a.id = t.account_id and a.disabled_at is null
        left join company_members m on m.account_id = a.id and m.company_id = company
        where t.id = token and t.account_id = account and t.revoked_at is null
            and (t.expires_at is null or t.expires_at > now());
    end if;
    if not found or (company is not null and now_role is null and c ->> 'token_type' = 'api') then
        raise exception using errcode = 'SG003', message = 'what let this request in is no longer valid';
    elsif company is not null and now_role is null then
        raise exception using errcode = 'SG004', message = 'the caller has left the company by now';
    elsif now_role <> c ->> 'role' and array_position(ranks, now_role) < array_position(ranks, c ->> 'role') then
        raise exception using errcode = 'SG004', message = 'the caller has a lesser role in the company by now';
    elsif (c -> 'for_company')::boolean
            and exists (select from companies where id = company and suspended_at is not null) then
        raise exception using errcode = 'SG005', message = 'the company is suspended by now';
    end if;
    return true;
end
$$;
comment on function context_holds(jsonb) is
    'Whether the caller of a request context may still act as it says: raises SG003 (session, token or account ended), SG004 '
    '(membership ended or role shrank) or SG005 (company suspended) if not.';

create function suspension_json(c companies) returns json
language sql stable
as $$
    select case when c.suspended_at is not null
        then json_build_object('suspended_at', rfc3339(c.suspended_at), 'reason', c.suspension_reason) end
$$;
comment on function suspension_json(companies) is 'Since when and why a company is suspended; NULL: it is not.';

create or replace function memberships_json(account uuid) returns json
language sql stable
as $$
    select coalesce(json_agg(json_build_object('id', c.id, 'name', c.name, 'role', m.role,
        'suspension', suspension_json(c)) order by m.created_at, m.id), '[]')
    from company_members m join companies c on c.id = m.company_id
    where m.account_id = account
$$;

-- --- Operations ----------------------------------------------------------------------------------------------------------

create function verification_json(c companies) returns json
language sql stable
as $$
    select json_build_object('status', c.verification, 'method', c.verification_method, 'note', c.verification_note,
        'changed_at', rfc3339(c.verification_changed_at))
$$;
comment on function verification_json(companies) is 'What an operator found about a company, for operators and its owners.';

create function company_moderated_json(c companies) returns json
language sql stable
as $$
    select (left(company_json(c)::text, -1) || ',' || substr(json_build_object(
        'verification', verification_json(c), 'suspension', suspension_json(c))::text, 2))::json
$$;
comment on function company_moderated_json(companies) is 'A company as operators see it in their list.';

create function verification_patch(company uuid, body jsonb, expected integer, if_match text[]) returns op_result
language plpgsql volatile
as $$
declare
    c companies;
    document text;
begin
    select * into c from companies where id = company for update;
    if not found then
        return op_problem(404, 'not_found');
    elsif not etag_matches(if_match, etag_of(json_compact(verification_json(c)))) then
        return op_problem(412, 'precondition_failed');
    elsif c.version <> expected then
        return op_problem(409, 'version_changed');
    end if;
    if (c.verification, c.verification_method, c.verification_note)
            is distinct from (body ->> 'status', body ->> 'method', body ->> 'note') then
        update companies set verification = body ->> 'status', verification_method = body ->> 'method',
            verification_note = body ->> 'note', verification_changed_at = now(), updated_at = now(), version = version + 1
        where id = company returning * into c;
    end if;
    document := json_compact(verification_json(c));
    return op_ok(200, document, etag_of(document), null);
end
$$;
comment on function verification_patch(uuid, jsonb, integer, text[]) is
    'Writes what an operator found about a company. 409 version_changed: not the version that was read; read again.';

create function suspension_put(company uuid, body jsonb, if_match text[]) returns op_result
language plpgsql volatile
as $$
declare
    c companies;
    fresh boolean;
    document text;
begin
    select * into c from companies where id = company for update;
    if not found then
        return op_problem(404, 'not_found');
    elsif not etag_matches(if_match, etag_of(json_compact(suspension_json(c)))) then
        return op_problem(412, 'precondition_failed');
    end if;
    fresh := c.suspended_at is null;
    update companies set suspended_at = coalesce(suspended_at, now()), suspension_reason = body ->> 'reason',
        search_pending = false
    where id = company returning * into c;
    if fresh then
        perform mail_enqueue('company_suspended', m.account_id, null,
            jsonb_build_object('company', c.name, 'reason', c.suspension_reason),
            'company_suspended:' || m.account_id || ':' || company || ':' || rfc3339(c.suspended_at))
        from company_members m where m.company_id = company and m.role = 'owner' order by m.id;
    end if;
    document := json_compact(suspension_json(c));
    return op_ok(case when fresh then 201 else 200 end, document, etag_of(document),
        case when fresh then '/v1/companies/' || company || '/suspension' end);
end
$$;
comment on function suspension_put(uuid, jsonb, text[]) is
    'Suspends a company and tells its owners by mail; of one that is suspended, gives another reason.';

create function suspension_delete(company uuid, if_match text[]) returns op_result
language plpgsql volatile
as $$
declare
    c companies;
begin
    select * into c from companies where id = company and suspended_at is not null for update;
    if not found then
        return op_problem(404, 'not_found');
    elsif not etag_matches(if_match, etag_of(json_compact(suspension_json(c)))) then
        return op_problem(412, 'precondition_failed');
    end if;
    update companies set suspended_at = null, suspension_reason = null, search_pending = true where id = company;
    perform job_search_resume(company, 200); -- the rest of a large company's a moment later
    return op_ok(204);
end
$$;
comment on function suspension_delete(uuid, text[]) is 'Lifts a suspension: all is as it was before.';
