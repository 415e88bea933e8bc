-- Who is given an application to look after is told by e-mail: which vacancy, how many, and nothing of who applied. Two minutes
-- later and once for all that came meanwhile for the vacancy; what was taken back by then is not told.

create function application_assignee_told(a applications) returns outbox
language plpgsql volatile
as $$
declare
    told outbox;
begin
    select * into told from outbox o
    where o.account_id = (select account_id from company_members where id = a.assignee_id) and o.template = 'application_assigned'
        and o.state = 'queued' and o.params ->> 'member_id' = a.assignee_id::text and o.params ->> 'job_id' = a.job_id::text
    limit 1
    for update;
    return told;
end
$$;
comment on function application_assignee_told(applications) is
    'The message that tells its assignee of applications to the vacancy and has not gone yet, locked; NULL: there is none.';

-- The events say whether the message counts this one: it does if somebody else gave it since the message was made.
create function application_untell_assignee(a applications) returns void
language plpgsql volatile
as $$
declare
    told outbox := application_assignee_told(a);
    given application_events;
begin
    select * into given from application_events e
    where e.application_id = a.id and e.type in ('assigned', 'unassigned') order by e.at desc, e.id desc limit 1;
    if told.id is null or given.at is null or given.at < told.created_at or given.account_id = told.account_id then
        return;
    elsif (told.params -> 'count')::integer > 1 then
        update outbox set params = params || jsonb_build_object('count', (params -> 'count')::integer - 1) where id = told.id;
    else
        delete from outbox where id = told.id;
    end if;
end
$$;
comment on function application_untell_assignee(applications) is
    'The application is taken from its assignee: as long as it has not been told, it is not told of this one.';

create function application_tell_assignee(a applications, account uuid) returns void
language plpgsql volatile
as $$
declare
    told outbox := application_assignee_told(a);
begin
    if told.id is not null then
        update outbox set params = params || jsonb_build_object('count', (params -> 'count')::integer + 1)
        where id = told.id and account_id <> application_tell_assignee.account;
        return;
    end if;
    insert into outbox (template, account_id, to_address, lang, params, due_at)
    select 'application_assigned', n.id, n.email, n.lang, jsonb_strip_nulls(jsonb_build_object('member_id', m.id, 'job_id', j.id,
        'job', j.title, 'reference', j.reference, 'company', c.name, 'count', 1)), now() + interval '2 minutes'
    from company_members m join accounts n on n.id = m.account_id, jobs j join companies c on c.id = j.company_id
    where m.id = a.assignee_id and n.id <> application_tell_assignee.account and j.id = a.job_id;
end
$$;
comment on function application_tell_assignee(applications, uuid) is
    'Mails the new assignee, unless it is who gave it. Vacancy and company are named, never the candidate or the application.';

create or replace function applications_assign(company uuid, account uuid, application uuid, body jsonb, if_match text[], lang text)
returns op_result
language plpgsql volatile
as $$
declare
    a applications;
    chosen uuid := body ->> 'member_id';
begin
    select * into a from applications where id = application and application_open_to(applications, company) for no key update;
    if not found then
        return op_problem(404, 'not_found');
    elsif not etag_matches(if_match, etag_of(json_compact(application_json(a, 'company')))) then
        return op_problem(412, 'precondition_failed');
    end if;
    if chosen is not null then -- locked: still a member when told, and told once by two that give it something
        perform from company_members where id = chosen and company_id = company and role in ('owner', 'recruiter') for no key update;
        if not found then
            return op_invalid(violations('[{"pointer": "/member_id", "code": "unknown_member"}]', lang));
        end if;
    end if;
    if a.assignee_id is distinct from chosen then
        perform application_untell_assignee(a);
        update applications set assignee_id = chosen where id = application returning * into a;
        perform application_tell_assignee(a, account);
        perform application_event_add(a, 'company', account, case when chosen is null then 'unassigned' else 'assigned' end,
            jsonb_strip_nulls(jsonb_build_object('member_id', chosen)));
        perform audit_record('application.assigned', 'application', application, company, null,
            jsonb_build_object('member_id', chosen));
    end if;
    perform audit_record('application.viewed', 'application', application, company, a.candidate_id);
    return application_result(a, 'company', 200);
end
$$;

create function company_members_untell() returns trigger
language plpgsql
as $$
begin
    if tg_op = 'DELETE' or new.role not in ('owner', 'recruiter') then
        delete from outbox o where o.account_id = old.account_id and o.template = 'application_assigned' and o.state = 'queued'
            and o.params ->> 'member_id' = old.id::text;
    end if;
    return null;
end
$$;
comment on function company_members_untell() is 'Who may not look after applications any more is not told of new ones.';
create trigger company_members_untell after delete or update of role on company_members for each row
    execute function company_members_untell();
