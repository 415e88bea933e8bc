-- Answers that were promised: who is late is listed and reminded; and a vacancy that is filled leaves nobody without an answer.

-- ---- a vacancy that closes ----

create function job_open_applications(job uuid) returns bigint
language plpgsql stable
as $$
begin
    return (select count(*) from applications
    where job_id = job and status in ('submitted', 'in_review', 'shortlisted', 'interview', 'offer')
        and not shield_hides(candidate_id, company_id) and not candidate_restricted(candidate_id));
end
$$;
comment on function job_open_applications(uuid) is
    'How many applications to a vacancy that its company may work with have not come to an end.';

create function job_close_refused(old jobs, new jobs, message text) returns op_result
language plpgsql stable
as $$
declare
    waiting bigint;
begin
    if new.status = 'closed' and new.close_reason = 'filled' and message is null
            and (old.status <> 'closed' or old.close_reason is distinct from 'filled') then
        waiting := job_open_applications(old.id);
        if waiting > 0 then
            return op_problem(409, 'applications_open', jsonb_build_object('open_applications', waiting));
        end if;
    end if;
    return null;
end
$$;
comment on function job_close_refused(jobs, jobs, text) is
    'A vacancy does not close as filled while people wait for an answer and none is given them. NULL: it may.';

-- The rows of the audit trail and of the search are written for all at once, too: ten thousand calls of each trigger took as
-- long as the rest.
drop trigger applications_audit_update on applications;
create trigger applications_audit_update after update of status on applications for each row
    when (old.status is distinct from new.status
        and current_setting('segreteria.rows_at_once', true) is distinct from 'on')
    execute function audit_applications();

-- One statement for all: ten thousand take about two seconds, and either all are answered or the vacancy stays open.
create function job_answer_applications(job uuid, message text, account uuid) returns bigint
language plpgsql volatile
as $$
declare
    c constant jsonb := nullif(current_setting('segreteria.context', true), '')::jsonb;
    answered bigint;
begin
    perform set_config('segreteria.rows_at_once', 'on', true);
    with open as (
        select id, status from applications
        where job_id = job and status in ('submitted', 'in_review', 'shortlisted', 'interview', 'offer')
            and not shield_hides(candidate_id, company_id) and not candidate_restricted(candidate_id)
        order by id for update
    ), moved as (
        update applications a set status = 'rejected', reason = message, updated_at = now(), version = version + 1,
            next_update_due = null
        from open where a.id = open.id
        returning a.id, a.candidate_id, a.job_id, a.company_id, a.version, open.status as before
    ), written as (
        insert into application_events (application_id, actor_kind, account_id, type, from_status, to_status, reason)
        select id, 'company', account, 'status_changed', before, 'rejected', message from moved
    ), told as (
        insert into outbox (template, account_id, to_address, lang, params, message_key, due_at)
        select 'application_update', n.id, n.email, n.lang,
            jsonb_build_object('application_id', m.id, 'job', j.title, 'company', f.name),
            'application_update:' || m.id || ':' || m.version, now() + interval '2 minutes'
        from moved m join candidates d on d.id = m.candidate_id join accounts n on n.id = d.account_id
            join jobs j on j.id = m.job_id join companies f on f.id = m.company_id
        on conflict on constraint outbox_message_key_once do nothing
    ), searched as (
        update application_search s set updated_at = now(), next_update_due = null,
            words = ts_delete(s.words, 's:' || m.before) || search_quoted('s:rejected')::tsvector
        from moved m where s.application_id = m.id
    ), recorded as (
        insert into audit_log (action, actor_kind, account_id, role, token_id, token_type, address, request_id, subject_kind,
            subject_id, company_id, candidate_id, detail)
        select 'application.status_changed', coalesce(c ->> 'kind', 'system'), (c ->> 'account_id')::uuid, c ->> 'role',
            (c ->> 'token_id')::uuid, c ->> 'token_type', (c ->> 'address')::inet, c ->> 'request_id', 'application', m.id,
            m.company_id, m.candidate_id, jsonb_build_object('job_id', m.job_id, 'from', m.before, 'to', 'rejected')
        from moved m
    )
    select count(*) into answered from moved;
    perform set_config('segreteria.rows_at_once', '', true);
    return answered;
end
$$;
comment on function job_answer_applications(uuid, text, uuid) is
    'Answers every open application to a vacancy with the same words: rejected, with its event and a message. How many. A person '
    'wrote the words and closed the vacancy; nothing calls this by itself.';

-- ---- answers that are late ----

create index applications_due on applications (company_id, next_update_due, id) where next_update_due is not null;
create index applications_unreminded on applications (next_update_due, company_id)
    where next_update_due is not null and reminded_due is distinct from next_update_due;

create table company_reminders (
    company_id  uuid primary key references companies (id) on delete cascade,
    reminded_at timestamptz not null default '-infinity'
);
comment on table company_reminders is 'When the people of a company were last reminded of answers that are due: at most every six hours.';

create function applications_overdue(company uuid, account uuid, mine boolean, after text, page integer) returns list_result
language plpgsql volatile
as $$
declare
    answer list_result;
    candidates uuid[];
    named uuid[];
    member uuid := (select id from company_members where company_id = company and account_id = account);
begin
    select 200, null, coalesce(string_agg(item, ',' order by n) filter (where n <= page), ''),
        case when count(*) > page then max(keyset_text(next_update_due, id)) filter (where n = page) end,
        array_agg(distinct candidate_id) filter (where n <= page),
        array_agg(distinct candidate_id) filter (where n <= page and names)
    into answer.status, answer.code, answer.items, answer.next_key, candidates, named
    from (
        select a.id, a.next_update_due, a.candidate_id, application_names(a) as names, application_card(a, 'company') as item,
            row_number() over (order by a.next_update_due, a.id) as n
        from (
            select * from applications
            where company_id = company and next_update_due is not null and next_update_due <= now()
                and (after is null or (next_update_due, id) > (keyset_at(after), keyset_id(after)))
                and (not coalesce(mine, false) or assignee_id = member)
                and candidate_id <> all (array(select shield_candidates(company)))
            order by next_update_due, id
            limit page + 1
        ) as a
    ) as cards;
    perform audit_showing('application.listed', 'company', company, company, candidates, coalesce(named, '{}'));
    return answer;
end
$$;
comment on function applications_overdue(uuid, uuid, boolean, text, integer) is
    'GET /v1/applications/overdue: the longest due first.';

create function application_helpers(company uuid, assignee uuid) returns table (account_id uuid)
language sql stable
as $$
    select m.account_id from company_members m
    where m.company_id = company and m.role in ('owner', 'recruiter')
        and (m.id = assignee or not exists (
            select from company_members x where x.id = assignee and x.company_id = company and x.role in ('owner', 'recruiter')))
    order by m.created_at limit 20
$$;
comment on function application_helpers(uuid, uuid) is
    'Who of a company is told about an application: the assignee, or else its owners and recruiters, at most 20.';

create function applications_remind(at_most integer) returns integer
language plpgsql volatile
as $$
declare
    late uuid;
    told record;
    reminded integer := 0;
begin
    for late in
        select distinct a.company_id from applications a join companies c on c.id = a.company_id
        where a.next_update_due is not null and a.next_update_due <= now()
            and a.reminded_due is distinct from a.next_update_due and c.suspended_at is null
            and not exists (select from company_reminders r
                where r.company_id = a.company_id and r.reminded_at > now() - interval '6 hours')
        limit at_most
    loop
        insert into company_reminders (company_id) values (late) on conflict do nothing;
        -- Of two instances one has the company; the other finds it locked, or reminded.
        perform from company_reminders
        where company_id = late and reminded_at <= now() - interval '6 hours' for update skip locked;
        continue when not found;
        update company_reminders set reminded_at = now() where company_id = late;
        perform set_config('segreteria.rows_at_once', 'on', true); -- no search shows reminded_due
        for told in
            with due as (
                update applications set reminded_due = next_update_due
                where id in (select id from applications
                    where company_id = late and next_update_due is not null and next_update_due <= now()
                        and reminded_due is distinct from next_update_due and not shield_hides(candidate_id, company_id)
                    order by next_update_due limit 10000 for update skip locked)
                returning assignee_id
            ), grouped as (
                select assignee_id, count(*) as n from due group by assignee_id
            )
            select h.account_id, sum(g.n)::bigint as n from grouped g, application_helpers(late, g.assignee_id) as h group by 1
        loop
            perform mail_enqueue('applications_overdue', told.account_id, null,
                jsonb_build_object('company', (select name from companies where id = late), 'count', told.n),
                'applications_overdue:' || late || ':' || told.account_id || ':' || (extract(epoch from now()) * 1000000)::bigint);
            reminded := reminded + 1;
        end loop;
        perform set_config('segreteria.rows_at_once', '', true);
    end loop;
    return reminded;
end
$$;
comment on function applications_remind(integer) is
    'Reminds the people of at most so many companies of the answers that became due since, each due date once. How many messages.';
