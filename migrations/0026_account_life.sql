-- An account over time: its sessions to look at and to end, another password, and its end.

-- ---- sessions ----

create function address_truncated(address text) returns cidr
language sql immutable parallel safe
as $$
    select network(set_masklen(a, case when family(a) = 6 then 48 else 24 end))::cidr
    from (select regexp_replace(address, '^::ffff:(?=[0-9]+[.])', '')::inet as a) as given
$$;
comment on function address_truncated(text) is 'An address as people get to see it: enough to tell a place, no more.';

alter table sessions add column last_seen_at timestamptz, add column place cidr, add column client text,
    add constraint sessions_client_length check (length(client) <= 100);
comment on column sessions.last_seen_at is 'Written at most once a minute; NULL: opened before it was noted.';
comment on column sessions.place is 'From where it was opened, truncated (address_truncated).';
comment on column sessions.client is 'With what it was opened, in a few words ("Firefox, Linux").';

create function sessions_note_opening() returns trigger
language plpgsql
as $$
begin
    new.last_seen_at := now();
    new.place := address_truncated(context_text('address'));
    new.client := left(context_text('client'), 100);
    return new;
end
$$;
comment on function sessions_note_opening() is 'Notes from where and with what a session was opened, from the request context.';
create trigger sessions_note_opening before insert on sessions for each row execute function sessions_note_opening();

create function session_is_open(s sessions) returns boolean
language sql stable
as $$
    select s.ended_at is null and exists (select from session_tokens t
        where t.session_id = s.id and t.refreshed_at is null and t.refresh_expires_at > now())
$$;
comment on function session_is_open(sessions) is 'Whether a session can still be used: not ended, and its last refresh token not expired.';

create function session_json(s sessions, current_session uuid) returns json
language sql stable
as $$
    select json_build_object('id', s.id, 'current', s.id is not distinct from current_session,
        'client', s.client, 'place', s.place::text, 'created_at', rfc3339(s.created_at),
        'last_seen_at', rfc3339(s.last_seen_at))
$$;
comment on function session_json(sessions, uuid) is 'A session as its account sees it.';

create function sessions_end(account uuid, caller uuid, session uuid) returns op_result
language plpgsql volatile
as $$
begin
    update sessions set ended_at = now(), end_reason = case when id = caller then 'logout' else 'revoked' end
    where id = session and account_id = account and ended_at is null;
    if not found then
        return op_problem(404, 'not_found');
    end if;
    return op_ok(204);
end
$$;
comment on function sessions_end(uuid, uuid, uuid) is 'Ends one of the account''s sessions.';

create function sessions_end_others(account uuid, caller uuid) returns op_result
language plpgsql volatile
as $$
begin
    update sessions set ended_at = now(), end_reason = 'revoked'
    where account_id = account and id <> caller and ended_at is null;
    return op_ok(204);
end
$$;
comment on function sessions_end_others(uuid, uuid) is
    'Ends every session of the account but the caller''s; an API token has none of its own, so it ends all.';

-- ---- password ----

create function me_password(account uuid, caller_token uuid, old_hash text, new_hash text, body jsonb) returns op_result
language plpgsql volatile
as $$
begin
    update accounts set password_hash = new_hash, password_changed_at = now(), updated_at = now()
    where id = account and password_hash = old_hash;
    if not found then -- somebody else has changed it since it was verified
        return op_problem(403, 'wrong_password');
    end if;
    update sessions set ended_at = now(), end_reason = 'password_changed'
    where account_id = account and id <> caller_token and ended_at is null;
    if (body ->> 'revoke_tokens')::boolean then
        update api_tokens set revoked_at = now()
        where account_id = account and id <> caller_token and revoked_at is null;
    end if;
    update link_tokens set used_at = now()
    where account_id = account and purpose = 'password_reset' and used_at is null;
    return op_ok(204);
end
$$;
comment on function me_password(uuid, uuid, text, text, jsonb) is
    'Another password: all other sessions end, reset links are void; API tokens stay unless body.revoke_tokens.';

-- ---- the end of an account ----

-- What refers to an account is found by it when it goes.
drop index sessions_account;
create index sessions_account on sessions (account_id, created_at desc, id desc);
create index job_events_account on job_events (account_id) where account_id is not null;
create index application_events_account on application_events (account_id) where account_id is not null;
create index jobs_role on jobs (role) where role is not null;

alter table companies add column closed_at timestamptz;
comment on column companies.closed_at is
    'When its last member deleted the account. Its past vacancies and their applications stay; nobody acts for it any more.';

create or replace function company_members_keep_owner() returns trigger
language plpgsql
as $$
declare
    company uuid;
begin
    if tg_table_name = 'companies' then
        company := new.id;
    else
        company := old.company_id;
    end if;
    perform from companies where id = company and closed_at is null for update;
    if found and not exists (select from company_members where company_id = company and role = 'owner') then
        raise exception using errcode = 'check_violation', constraint = 'company_members_role_owner_left',
            message = 'a company has at least one owner';
    end if;
    return null;
end
$$;

-- A candidate whose account is gone stays as a name without a person where applications refer to it.
alter table candidates alter column account_id drop not null, add column erased_at timestamptz,
    add constraint candidates_without_account check (account_id is not null or (erased_at is not null and profile = '{}'));
comment on column candidates.erased_at is 'When the account was deleted: nothing here tells any more who it was.';

create table erasures (
    id         uuid primary key,
    account_id uuid not null,
    kind       text not null,
    erased_at  timestamptz not null default now(),
    what       jsonb not null,
    constraint erasures_kind_known check (kind in ('company', 'candidate'))
);
create index erasures_erased on erasures (erased_at);
comment on table erasures is
    'Receipts of deleted accounts: that it was done, when, and how many rows of what. account_id refers to nothing any more; '
    'it ties the receipt to the audit trail, which knows no name either.';

-- Left alone: jobs and applications of the company, which are its own and others'' data.
create function me_leave_companies(account uuid) returns op_result
language plpgsql volatile
as $$
declare
    c record;
begin
    for c in select o.id, o.name from companies o join company_members m on m.company_id = o.id
             where m.account_id = account order by o.id for update of o loop
        continue when exists (select from company_members where company_id = c.id and account_id <> account and role = 'owner');
        if exists (select from company_members where company_id = c.id and account_id = account and role <> 'owner') then
            continue;
        elsif exists (select from company_members where company_id = c.id and account_id <> account)
            or exists (select from jobs where company_id = c.id and status in ('published', 'paused', 'in_review')
                and job_state(status, valid_through) not in ('expired', 'closed')) then
            return op_problem(409, 'last_owner', jsonb_build_object('company_id', c.id));
        end if;
        delete from jobs j where j.company_id = c.id and j.status = 'draft'
            and not exists (select from applications a where a.job_id = j.id);
        if exists (select from jobs where company_id = c.id) or exists (select from applications where company_id = c.id) then
            update companies set closed_at = now(), updated_at = now(), version = version + 1 where id = c.id;
        else
            delete from companies where id = c.id;
        end if;
    end loop;
    return null;
end
$$;
comment on function me_leave_companies(uuid) is
    'Makes an account''s companies ready for its going; 409 last_owner where others depend on it, else NULL. A company that is '
    'left by its only member is closed, or removed if it never had a vacancy.';

create function candidate_erase(candidate uuid) returns jsonb
language plpgsql volatile
as $$
declare
    sent integer;
    withdrawn integer;
begin
    with open as (
        select id, status from applications
        where candidate_id = candidate and status in ('submitted', 'in_review', 'shortlisted', 'interview', 'offer')
        for update
    ), moved as (
        update applications a set status = 'withdrawn', updated_at = now(), version = version + 1, next_update_due = null
        from open where a.id = open.id returning a.id, open.status
    )
    insert into application_events (application_id, actor_kind, type, from_status, to_status)
    select id, 'candidate', 'withdrawn', status, 'withdrawn' from moved;
    get diagnostics withdrawn = row_count;
    update applications set cover_letter = null, answers = '[]', consent = '{"talent_pool": false}'
    where candidate_id = candidate;
    get diagnostics sent = row_count;
    update application_events e set reason = null from applications a
    where a.id = e.application_id and a.candidate_id = candidate and e.actor_kind = 'candidate' and e.reason is not null;
    if sent = 0 then
        delete from candidates where id = candidate;
    else
        update candidates set account_id = null, given_name = 'Deleted', family_name = 'account', profile = '{}',
            erased_at = now(), updated_at = now(), version = version + 1
        where id = candidate;
    end if;
    return jsonb_build_object('applications', sent, 'applications_withdrawn', withdrawn);
end
$$;
comment on function candidate_erase(uuid) is
    'A candidate''s data go; of applications stays that there was one, to which vacancy, and how it ended. How many.';

create function me_delete(account uuid, old_hash text, receipt uuid) returns op_result
language plpgsql volatile
as $$
declare
    a accounts;
    refusal op_result;
    what jsonb;
    r erasures;
begin
    select * into a from accounts where id = account for update;
    if not found or a.password_hash <> old_hash then
        return op_problem(403, 'wrong_password');
    end if;
    refusal := me_leave_companies(account);
    if refusal.status is not null then
        return refusal;
    end if;
    what := jsonb_build_object(
        'sessions', (select count(*) from sessions where account_id = account),
        'tokens', (select count(*) from api_tokens where account_id = account),
        'memberships', (select count(*) from company_members where account_id = account))
        || coalesce((select candidate_erase(d.id) from candidates d where d.account_id = account), '{}');
    delete from outbox where account_id = account and state in ('queued', 'dead');
    delete from accounts where id = account;
    insert into erasures (id, account_id, kind, what) values (receipt, account, a.kind, what) returning * into r;
    perform pg_notify('segreteria_auth', account::text);
    return op_ok(200, json_compact(json_build_object('id', r.id, 'erased_at', rfc3339(r.erased_at), 'erased', r.what)));
end
$$;
comment on function me_delete(uuid, text, uuid) is
    'Erases an account and what is its own, in this transaction; the answer is the receipt.';

-- The company's view of a candidate who may be gone.
create or replace function application_json(a applications, viewer text) returns json
language plpgsql stable
as $$
declare
    candidate json;
begin
    if viewer = 'company' then
        select candidate_json(d, n.email)::jsonb - array['created_at', 'updated_at', 'version'] into candidate
        from candidates d left join accounts n on n.id = d.account_id where d.id = a.candidate_id;
    end if;
    return json_build_object(
        'id', a.id, 'job', application_job_json(a, viewer), 'candidate', candidate, 'status', a.status,
        'reason', a.reason, 'cover_letter', a.cover_letter, 'answers', a.answers, 'consent', a.consent,
        'submitted_at', rfc3339(a.submitted_at), 'updated_at', rfc3339(a.updated_at),
        'next_update_due', rfc3339(a.next_update_due), 'version', a.version);
end
$$;
