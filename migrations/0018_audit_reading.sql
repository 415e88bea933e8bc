-- Reads that leave a row in the audit trail: what a company's member sees of a candidate. The row and what was seen come
-- from one transaction. A candidate's own reads are plain statements.

create type list_result as (
    status   integer,
    code     text,
    items    text,
    next_key text
);
comment on type list_result is 'A page of a listing: comma-joined JSON objects, and the keyset of the next page if there is one.';

create function audit_showing(action text, subject_kind text, subject_id uuid, company uuid, candidates uuid[])
returns void
language plpgsql volatile
as $$
declare
    event uuid;
begin
    if cardinality(candidates) > 0 then
        event := audit_write(action, subject_kind, subject_id, company, null,
            jsonb_build_object('candidates', cardinality(candidates)), null, null);
        insert into audit_shown (candidate_id, event_id) select c, event from unnest(candidates) as c;
    end if;
end
$$;
comment on function audit_showing(text, text, uuid, uuid, uuid[]) is
    'Records a listing that showed these (different) candidates; an empty one showed nobody.';

create function applications_view(company uuid, application uuid) returns op_result
language plpgsql volatile
as $$
declare
    a applications;
begin
    select * into a from applications where id = application and company_id = company;
    if not found then
        return op_problem(404, 'not_found');
    end if;
    perform audit_record('application.viewed', 'application', a.id, company, a.candidate_id);
    return application_result(a, 'company', 200);
end
$$;
comment on function applications_view(uuid, uuid) is 'GET /v1/applications/{application_id} by a member of the company.';

create function application_event_text(e application_events, viewer text) returns text
language plpgsql stable
as $$
begin
    return json_compact(json_build_object('id', e.id, 'type', e.type, 'at', rfc3339(e.at),
        'actor', json_build_object('kind', e.actor_kind,
            'name', case when viewer = 'company' or e.actor_kind = 'candidate'
                then (select n.name from accounts n where n.id = e.account_id) end),
        'from_status', e.from_status, 'to_status', e.to_status, 'reason', e.reason));
end
$$;
comment on function application_event_text(application_events, text) is
    'An event of an application as one side sees it: the candidate does not see which member acted.';

create function applications_view_events(company uuid, application uuid, after text, page integer) returns list_result
language plpgsql volatile
as $$
declare
    candidate uuid;
    answer list_result;
begin
    select candidate_id into candidate from applications where id = application and company_id = company;
    if not found then
        return row(404, 'not_found', null, null)::list_result;
    end if;
    perform audit_record('application.events_viewed', 'application', application, company, candidate);
    select 200, null, coalesce(string_agg(item, ',' order by n) filter (where n <= page), ''),
        case when count(*) > page then max(keyset_text(at, id)) filter (where n = page) end
    into answer
    from (
        select e.id, e.at, row_number() over (order by e.at, e.id) as n, application_event_text(e, 'company') as item
        from application_events e
        where e.application_id = application
            and (after is null or (e.at, e.id) > (keyset_at(after), keyset_id(after)))
        order by e.at, e.id
        limit page + 1
    ) as events;
    return answer;
end
$$;
comment on function applications_view_events(uuid, uuid, text, integer) is
    'GET /v1/applications/{application_id}/events by a member of the company.';

create function applications_view_list(company uuid, job uuid, after text, statuses text[], since timestamptz, page integer)
returns list_result
language plpgsql volatile
as $$
declare
    answer list_result;
    candidates uuid[];
begin
    if job is not null and not exists (select from jobs where id = job and company_id = company) then
        return row(404, 'not_found', null, null)::list_result;
    end if;
    select 200, null, coalesce(string_agg(item, ',' order by n) filter (where n <= page), ''),
        case when count(*) > page then max(keyset_text(submitted_at, id)) filter (where n = page) end,
        array_agg(distinct candidate_id) filter (where n <= page)
    into answer.status, answer.code, answer.items, answer.next_key, candidates
    from (
        select a.id, a.submitted_at, a.candidate_id, application_card(a, 'company') as item,
            row_number() over (order by a.submitted_at desc, a.id desc) as n
        from (
            (select * from applications
            where job is null and company_id = company
                and (submitted_at, id) < (keyset_at(after), keyset_id(after))
                and (statuses is null or status = any (statuses))
                and (since is null or updated_at >= since)
            order by submitted_at desc, id desc
            limit page + 1)
            union all
            (select * from applications
            where job_id = job
                and (submitted_at, id) < (keyset_at(after), keyset_id(after))
                and (statuses is null or status = any (statuses))
                and (since is null or updated_at >= since)
            order by submitted_at desc, id desc
            limit page + 1)
        ) as a
    ) as cards;
    perform audit_showing('application.listed', case when job is null then 'company' else 'job' end,
        coalesce(job, company), company, candidates);
    return answer;
end
$$;
comment on function applications_view_list(uuid, uuid, text, text[], timestamptz, integer) is
    'GET /v1/applications and /v1/jobs/{job_id}/applications by a member of the company.';

-- What a company gets back of an application it tried to move shows the candidate, too.
create function applications_patch_recorded(application uuid, caller_kind text, caller_company uuid, caller_candidate uuid,
                                            account uuid, body jsonb, if_match text[], lang text) returns op_result
language plpgsql volatile
as $$
declare
    before text;
    answer op_result;
    a record;
begin
    select status into before from applications where id = application;
    answer := applications_patch(application, caller_kind, caller_company, caller_candidate, account, body, if_match, lang);
    if caller_kind = 'company' and answer.status = 200 then
        select status, candidate_id into a from applications where id = application;
        if a.status = before then
            perform audit_record('application.viewed', 'application', application, caller_company, a.candidate_id);
        end if;
    end if;
    return answer;
end
$$;
comment on function applications_patch_recorded(uuid, text, uuid, uuid, uuid, jsonb, text[], text) is
    'applications_patch; where it changed no status (which is recorded as such), that the company saw the application is.';

create function audit_fits(l audit_log, actions text[], actor uuid, subject uuid, since timestamptz, until timestamptz)
returns boolean
language sql immutable parallel safe
as $$
    select (actions is null or l.action = any (actions)) and (actor is null or l.account_id = actor)
        and (subject is null or l.subject_id = subject)
        and (since is null or l.at >= since) and (until is null or l.at < until)
$$;
comment on function audit_fits(audit_log, text[], uuid, uuid, timestamptz, timestamptz) is
    'Whether a row passes the filters of GET /v1/audit.';

create function audit_item(l audit_log, viewer text) returns text
language plpgsql stable
as $$
declare
    own constant boolean := viewer = 'operator' or l.actor_kind = viewer;
begin
    return json_compact(json_build_object(
        'id', l.id, 'at', rfc3339(l.at), 'action', l.action,
        'actor', json_build_object('kind', l.actor_kind, 'role', l.role,
            'account_id', case when viewer = 'operator' or (viewer = 'company' and own) then l.account_id end,
            'name', case when viewer = 'operator' or (viewer = 'company' and own)
                then (select a.name from accounts a where a.id = l.account_id) end,
            'token_id', case when own then l.token_id end, 'token_type', case when own then l.token_type end),
        'address', case when viewer = 'operator' then host(l.address)
            when own then network(set_masklen(l.address, case family(l.address) when 4 then 24 else 48 end))::text end,
        'request_id', case when own then l.request_id end,
        'subject', json_build_object('kind', l.subject_kind, 'id', l.subject_id),
        'company', (select json_build_object('id', c.id, 'name', c.name) from companies c where c.id = l.company_id),
        'candidate_id', l.candidate_id,
        'detail', nullif(case when viewer = 'candidate' and l.company_id is not null then l.detail - 'link_of'
            else l.detail end, '{}')));
end
$$;
comment on function audit_item(audit_log, text) is
    'A row as an operator, a company''s owner or a candidate sees it. The other side''s people, tokens and addresses are '
    'shown to operators alone; one''s own addresses as a network.';

create or replace function principal_scopes(kind text, role text) returns text[]
language sql immutable parallel safe
as $$
    select case
        when kind = 'candidate' then array['jobs:read', 'applications:read', 'applications:write', 'profile:read',
            'profile:write', 'tokens:write', 'company:read', 'audit:read']
        when kind = 'operator' then array['jobs:read', 'jobs:write', 'applications:read', 'company:read', 'company:write',
            'profile:read', 'profile:write', 'tokens:write', 'moderation:write', 'audit:read']
        when role = 'viewer' then array['jobs:read', 'applications:read', 'company:read', 'profile:read', 'profile:write',
            'tokens:write']
        when role = 'recruiter' then array['jobs:read', 'jobs:write', 'applications:read', 'applications:write',
            'company:read', 'profile:read', 'profile:write', 'tokens:write', 'webhooks:write']
        when role = 'owner' then array['jobs:read', 'jobs:write', 'applications:read', 'applications:write',
            'company:read', 'company:write', 'profile:read', 'profile:write', 'tokens:write', 'webhooks:write', 'audit:read']
        when kind = 'company' then array['jobs:read', 'company:read', 'profile:read', 'profile:write', 'tokens:write']
        else '{}'::text[]
    end
$$;
