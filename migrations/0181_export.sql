-- A person's own data as one file: asked for, made in the background by any instance, fetched, forgotten after a week. The
-- table is the queue. The file is kept as documents are: ciphertext in chunks, under a key of its own that is sealed.

create table exports (
    id           uuid primary key,
    account_id   uuid not null references accounts (id) on delete cascade,
    state        text not null default 'queued',
    requested_at timestamptz not null default now(),
    due_at       timestamptz not null default now(),
    attempts     integer not null default 0,
    lease        uuid,
    sealed_key   bytea,
    size         bigint,
    sha256       bytea,
    ready_at     timestamptz,
    expires_at   timestamptz,
    constraint exports_state_known check (state in ('queued', 'running', 'ready', 'expired', 'failed')),
    constraint exports_sealed_key_size check (octet_length(sealed_key) = 104),
    constraint exports_sha256_size check (octet_length(sha256) = 32),
    constraint exports_ready_complete check (state <> 'ready' or num_nulls(sealed_key, size, sha256, ready_at, expires_at) = 0)
);
create unique index exports_one_under_way on exports (account_id) where state in ('queued', 'running');
create index exports_of_account on exports (account_id, requested_at desc);
create index exports_due on exports (due_at) where state in ('queued', 'running');
create index exports_expires on exports (expires_at) where state = 'ready';
create index exports_requested on exports (requested_at);
comment on table exports is 'Files with all of a person''s data: asked for, made, expired. A row goes 30 days after it was asked for.';
comment on column exports.due_at is 'queued: when it may be begun. running: when its instance is taken for gone, unless it goes on writing.';
comment on column exports.lease is 'Which attempt holds it: an instance whose lease was taken over writes nothing more.';
comment on column exports.sealed_key is 'As documents.sealed_key, for this export''s id. Gone with the file.';

create table export_chunks (
    export_id uuid not null references exports (id) on delete cascade,
    n         integer not null,
    data      bytea not null,
    primary key (export_id, n),
    constraint export_chunks_n_range check (n between 0 and 16383),
    constraint export_chunks_data_size check (octet_length(data) between 17 and 65553)
);
alter table export_chunks alter column data set storage external;
comment on table export_chunks is 'Ciphertext of a file: 64 KiB of it and 17 bytes each, the last one shorter; 1 GiB at most.';

create function export_json(e exports) returns json
language sql stable
as $$
    select json_build_object('id', e.id, 'state', case when e.state = 'ready' and e.expires_at <= now() then 'expired' else e.state end,
        'requested_at', rfc3339(e.requested_at), 'ready_at', rfc3339(e.ready_at), 'expires_at', rfc3339(e.expires_at),
        'size', e.size, 'sha256', encode(e.sha256, 'hex'))
$$;
comment on function export_json(exports) is 'An export as its account sees it, without the file.';

create function exports_request(account uuid, new_id uuid) returns op_result
language plpgsql volatile
as $$
declare
    e exports;
    oldest timestamptz;
begin
    perform from accounts where id = account for no key update; -- requests of one person take turns
    if exists (select from exports where account_id = account and state in ('queued', 'running')) then
        return op_problem(409, 'export_in_progress', '{}', '/v1/me/export');
    end if;
    select min(requested_at) into oldest from (
        select requested_at from exports where account_id = account and state <> 'failed'
            and requested_at > now() - interval '24 hours'
        order by requested_at desc limit 3) as recent having count(*) = 3;
    if oldest is not null then
        return op_problem(409, 'exports_limit', jsonb_build_object('again_at', rfc3339(oldest + interval '24 hours')));
    end if;
    insert into exports (id, account_id) values (new_id, account) returning * into e;
    perform audit_record('export.requested', 'export', new_id);
    return op_ok(202, json_compact(export_json(e)), null, '/v1/me/export');
end
$$;
comment on function exports_request(uuid, uuid) is 'POST /v1/me/export: one under way, three in 24 hours.';

create function exports_open(account uuid)
returns table (status integer, code text, problem jsonb, body text, etag text, location text,
               out_key bytea, out_media_type text, out_name text, out_size bigint, out_export_id uuid)
language plpgsql volatile
as $$
declare
    e exports;
begin
    select * into e from exports x
    where x.account_id = account and x.state = 'ready' and x.expires_at > now() order by x.ready_at desc limit 1;
    if context_text('token_type') is distinct from 'session' then
        return query select 403, 'forbidden', null::jsonb, null, null, null, null::bytea, null, null, null::bigint, null::uuid;
    elsif e.id is not null then
        perform audit_record('export.downloaded', 'export', e.id);
        return query select 200, null, null::jsonb, null, encode(e.sha256, 'hex'), null, e.sealed_key, 'application/zip',
            'segreteria-' || to_char(e.ready_at at time zone 'UTC', 'YYYY-MM-DD') || '.zip', e.size, e.id;
    elsif exists (select from exports x where x.account_id = account and x.state in ('queued', 'running')) then
        return query select 409, 'export_not_ready', null::jsonb, null, null, null, null::bytea, null, null, null::bigint, null::uuid;
    else
        return query select 404, 'not_found', null::jsonb, null, null, null, null::bytea, null, null, null::bigint, null::uuid;
    end if;
end
$$;
comment on function exports_open(uuid) is
    'What is needed to send somebody its file. A session only: a program that may read this or that must not get everything.';

-- ---- by the instances ----

create function exports_due() returns integer
language sql stable
as $$ select count(*)::integer from exports where state in ('queued', 'running') and due_at <= now() $$;
comment on function exports_due() is 'How many wait, or were left by an instance that is gone.';

create function exports_take(new_lease uuid) returns table (id uuid, account_id uuid)
language plpgsql volatile
as $$
declare
    e exports;
begin
    loop
        select * into e from exports x where x.state in ('queued', 'running') and x.due_at <= now()
        order by x.due_at limit 1 for update skip locked;
        exit when not found;
        delete from export_chunks c where c.export_id = e.id;
        if e.attempts >= 3 then
            update exports x set state = 'failed', lease = null, sealed_key = null where x.id = e.id;
            continue;
        end if;
        update exports x set state = 'running', lease = new_lease, attempts = x.attempts + 1, sealed_key = null,
            due_at = now() + interval '1 minute'
        where x.id = e.id;
        return query select e.id, e.account_id;
        exit;
    end loop;
end
$$;
comment on function exports_take(uuid) is
    'The next export to make, from its beginning; what an earlier attempt left of it is gone. One that broke off three times has failed.';

create function exports_begin(export uuid, held uuid, new_key bytea) returns boolean
language sql volatile
as $$
    update exports set sealed_key = new_key where id = export and lease = held and state = 'running' returning true
$$;
comment on function exports_begin(uuid, uuid, bytea) is 'The key of the file. No row: the lease is gone.';

-- As with documents: what a crash loses of the chunks it loses of a file that was never ready.
create function export_chunk_put(export uuid, held uuid, n integer, data bytea) returns boolean
language plpgsql volatile
as $$
begin
    perform set_config('synchronous_commit', 'off', true);
    update exports set due_at = now() + interval '1 minute'
    where id = export and lease = held and due_at < now() + interval '40 seconds';
    insert into export_chunks (export_id, n, data)
    select e.id, export_chunk_put.n, export_chunk_put.data from exports e
    where e.id = export and e.lease = held and e.state = 'running';
    return found;
end
$$;
comment on function export_chunk_put(uuid, uuid, integer, bytea) is 'Stores the n-th chunk. False: the lease is gone, or the account.';

create function exports_finish(export uuid, held uuid, chunks integer, bytes bigint, hash bytea) returns boolean
language plpgsql volatile
as $$
declare
    e exports;
begin
    update exports set state = 'ready', lease = null, size = bytes, sha256 = hash, ready_at = now(), expires_at = now() + interval '7 days'
    where id = export and lease = held and state = 'running'
        and (select count(*) from export_chunks c where c.export_id = export) = chunks
    returning * into e;
    if not found then
        return false;
    end if;
    perform exports_expire(array(select x.id from exports x where x.account_id = e.account_id and x.state = 'ready' and x.id <> e.id));
    perform mail_enqueue('export_ready', e.account_id, null, jsonb_build_object('until', to_char(e.expires_at at time zone 'UTC', 'YYYY-MM-DD')));
    perform audit_write('export.made', 'export', e.id, null, (select c.id from candidates c where c.account_id = e.account_id),
        '{}', 'system', null);
    return true;
end
$$;
comment on function exports_finish(uuid, uuid, integer, bigint, bytea) is
    'The file is whole and may be fetched for a week; an earlier one is forgotten.';

create function exports_expire(ids uuid[]) returns void
language sql volatile
as $$
    delete from export_chunks where export_id = any (ids);
    update exports set state = 'expired', sealed_key = null where id = any (ids);
$$;
comment on function exports_expire(uuid[]) is 'The files go, with their keys; that they were there stays for a month.';

create function exports_fail(export uuid, held uuid) returns void
language sql volatile
as $$
    update exports set state = case when attempts >= 3 then 'failed' else 'queued' end, lease = null, sealed_key = null,
        due_at = now() + attempts * interval '20 seconds'
    where id = export and lease = held and state = 'running';
    delete from export_chunks c using exports e where e.id = export and c.export_id = e.id and e.state in ('queued', 'failed');
$$;
comment on function exports_fail(uuid, uuid) is 'It did not work: later again, three times in all.';

create function exports_purge(at_most integer) returns integer
language plpgsql volatile
as $$
declare
    over uuid[] := array(select id from exports where state = 'ready' and expires_at <= now()
        order by expires_at limit least(at_most, 20) for update skip locked); -- a file has thousands of rows
    n integer;
begin
    perform exports_expire(over);
    delete from exports where id in (
        select id from exports where requested_at < now() - interval '30 days' and state not in ('queued', 'running')
        order by requested_at limit at_most for update skip locked);
    get diagnostics n = row_count;
    return case when cardinality(over) = least(at_most, 20) then at_most else greatest(n, cardinality(over)) end;
end
$$;
comment on function exports_purge(integer) is 'Forgets files that have expired, and what was asked for 30 days ago; how many.';

-- ---- what is in it ----

create function export_sections(account uuid) returns table (name text, about text)
language sql stable
as $$
    select s.name, s.about
    from (values
        (1, 'account', null, 'The account and the profile, as GET /v1/me shows them, when what changed, visibility, restriction.'),
        (1, 'profile', 'candidate', 'The whole profile (GET /v1/me/profile).'),
        (1, 'resume', 'candidate', 'The profile in the form of JSON Resume, for other services.'),
        (2, 'documents', 'candidate', 'The documents; the files themselves are in the folder documents.'),
        (3, 'applications', 'candidate', 'Applications with letter, answers, consents, documents sent, history, messages and interviews.'),
        (4, 'employer_shield', 'candidate', 'Companies that must not see the candidate.'),
        (5, 'memberships', 'company', 'The companies that the account is a member of.'),
        (6, 'audit', null, 'What the account did, and who saw or changed its data (GET /v1/audit).'),
        (7, 'sessions', null, 'Sessions, ended ones included while they are kept.'),
        (8, 'api_tokens', null, 'API tokens, without their secrets, which are not kept.'),
        (9, 'places', null, 'Networks from which the account signed in.'),
        (10, 'mails', null, 'Messages sent to the account, without their text, which is not kept.'),
        (11, 'exports', null, 'Exports like this one.')) as s (n, name, kind, about)
    join accounts a on a.id = account and (s.kind is null or s.kind = a.kind)
    order by s.n, s.name
$$;
comment on function export_sections(uuid) is 'The JSON files of an export, in order.';

-- Rows of a table as they are, but for what is a secret or nobody's business.
create function export_rows(place regclass, owner_column text, owner uuid, hidden text[], after text, page integer)
returns table (key text, item text)
language plpgsql stable
as $$
begin
    return query execute format('select ($3::integer + row_number() over (order by ctid))::text, jsonb_strip_nulls(to_jsonb(t) - $2)::text '
        'from (select *, ctid from %s where %I = $1 order by ctid offset $3::integer limit $4) as t', place, owner_column)
    using owner, hidden || text 'ctid', coalesce(after, '0'), page;
end
$$;
comment on function export_rows(regclass, text, uuid, text[], text, integer) is 'A page of a table''s rows, within one snapshot.';

create function export_account(account uuid) returns json
language plpgsql stable
as $$
declare
    c candidates;
    a accounts;
begin
    select * into a from accounts where id = account;
    select * into c from candidates where account_id = account;
    return json_build_object('account', account_json(a.id), 'created_at', rfc3339(a.created_at),
        'updated_at', rfc3339(a.updated_at), 'email_verified_at', rfc3339(a.email_verified_at),
        'password_changed_at', rfc3339(a.password_changed_at),
        'second_factor_since', (select rfc3339(t.confirmed_at) from account_totp t where t.account_id = a.id),
        'visibility', case when c.id is not null then visibility_json(c) end,
        'restriction', case when c.id is not null then restriction_document(c.id)::json end);
end
$$;
comment on function export_account(uuid) is 'An account in its export.';

create function export_application(a applications) returns json
language sql stable
as $$
    select json_build_object('application', application_json(a, 'candidate'), 'events', coalesce((
        select json_agg(application_event_text(e, 'candidate')::json order by e.at, e.id)
        from application_events e where e.application_id = a.id and application_event_public(e.type)), '[]'),
        'messages', coalesce((select json_agg(message_json(m, 'candidate') order by m.sent_at, m.id)
            from application_messages m where m.application_id = a.id), '[]'),
        'interviews', coalesce((select json_agg(interview_json(i, 'candidate') order by i.created_at, i.id)
            from application_interviews i where i.application_id = a.id), '[]'))
$$;
comment on function export_application(applications) is
    'An application in its candidate''s export: what the candidate may see of it, whole.';

create function export_audit(account uuid, after text, page integer) returns table (key text, item text)
language plpgsql stable
as $$
declare
    a accounts;
    candidate uuid := (select c.id from candidates c where c.account_id = account);
    before uuid := coalesce(after::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
begin
    select * into a from accounts where id = account;
    return query select found.id::text, json_compact((audit_item(l, a.kind)::jsonb - case when a.kind = 'company' then 'candidate_id' else '' end)::json)
    from (
        (select l.id from audit_log l where l.account_id = account and l.id < before order by l.id desc limit page)
        union
        (select l.id from audit_log l where l.candidate_id = candidate and l.id < before order by l.id desc limit page)
        union
        (select s.event_id from audit_shown s where s.candidate_id = candidate and s.event_id < before
        order by s.event_id desc limit page)
        order by id desc limit page) as found
    join audit_log l on l.id = found.id
    order by found.id desc;
end
$$;
comment on function export_audit(uuid, text, integer) is 'What an account did and who saw its data, newest first.';

create function export_page(account uuid, section text, after text, page integer) returns table (key text, item text)
language plpgsql stable
as $$
declare
    candidate uuid := (select c.id from candidates c where c.account_id = account);
    later uuid := '00000000-0000-0000-0000-000000000000';
begin
    if length(after) = 36 then
        later := after::uuid;
    end if;
    case section
    when 'account' then
        return query select '1', export_account(account)::text where after is null;
    when 'profile' then
        return query select '1', profile_json(c, a.email)::text
        from candidates c join accounts a on a.id = c.account_id where c.id = candidate and after is null;
    when 'resume' then
        return query select '1', resume_json(c, a.email)::text
        from candidates c join accounts a on a.id = c.account_id where c.id = candidate and after is null;
    when 'documents' then
        return query select d.id::text, (jsonb_strip_nulls(document_json(d)::jsonb) || case when d.scan <> 'infected'
                then jsonb_build_object('file', 'documents/' || document_file(d)) else '{}' end)::text
        from documents d
        where d.candidate_id = candidate and d.completed_at is not null and d.id > later order by d.id limit page;
    when 'applications' then
        return query select x.id::text, json_compact(export_application(x)) from applications x
        where x.candidate_id = candidate and x.id > later order by x.id limit page;
    when 'memberships' then
        return query select m.id::text, json_compact(json_build_object('company', json_build_object('id', c.id, 'name', c.name),
            'role', m.role, 'since', rfc3339(m.created_at)))
        from company_members m join companies c on c.id = m.company_id
        where m.account_id = account and m.id > later order by m.id limit page;
    when 'audit' then
        return query select * from export_audit(account, after, page);
    when 'sessions' then
        return query select s.id::text, json_compact(session_json(s, null)) from sessions s
        where s.account_id = account and s.id > later order by s.id limit page;
    when 'api_tokens' then
        return query select t.id::text, json_compact(token_json(t)) from api_tokens t
        where t.account_id = account and t.id > later order by t.id limit page;
    when 'mails' then
        return query select o.id::text, json_compact(json_build_object('id', o.id, 'template', o.template, 'language', o.lang,
            'written_at', rfc3339(o.created_at), 'state', o.state, 'ended_at', rfc3339(o.ended_at)))
        from outbox o where o.account_id = account and o.id > later order by o.id limit page;
    when 'exports' then
        return query select e.id::text, json_compact(export_json(e)) from exports e
        where e.account_id = account and e.id > later order by e.id limit page;
    when 'employer_shield' then
        return query select * from export_rows('employer_shield', 'candidate_id', candidate, array['candidate_id', 'value'], after, page);
    when 'places' then
        return query select * from export_rows('sign_in_places', 'account_id', account, array['account_id'], after, page);
    end case;
end
$$;
comment on function export_page(uuid, text, text, integer) is
    'A page of one of the JSON files of an export: items in the order of their key, which is the place of the next page.';

create function document_file(d documents) returns text
language sql immutable
as $$
    select d.id || case d.media_type when 'application/pdf' then '.pdf' when 'application/rtf' then '.rtf'
        when 'application/vnd.openxmlformats-officedocument.wordprocessingml.document' then '.docx'
        when 'application/vnd.oasis.opendocument.text' then '.odt' when 'text/plain' then '.txt' when 'image/png' then '.png'
        when 'image/jpeg' then '.jpg' else '' end
$$;
comment on function document_file(documents) is
    'What a document is called in an export: its id, because a name may be anything and may be there twice.';

create function export_documents(account uuid) returns table (id uuid, file text, sealed_key bytea)
language sql stable
as $$
    select d.id, document_file(d), d.sealed_key
    from documents d join candidates c on c.id = d.candidate_id
    where c.account_id = account and d.completed_at is not null and d.scan <> 'infected' order by d.id
$$;
comment on function export_documents(uuid) is
    'The files of an export: not those that the scanner found to be infected, which nobody gets.';

-- ---- the ring of master keys ----

create or replace function sealed_secrets() returns table (place text, id text, owner text, purpose integer, sealed bytea)
language sql stable
as $$
    select 'account_totp', account_id::text, account_id::text, 6, secret from account_totp
    union all
    select 'documents', d.id::text, d.id::text, 7, d.sealed_key from documents d
    union all
    select 'exports', e.id::text, e.id::text, 7, e.sealed_key from exports e where e.sealed_key is not null
$$;

create or replace function sealed_replace(place text, id text, old_sealed bytea, new_sealed bytea) returns boolean
language plpgsql volatile
as $$
begin
    case place
    when 'account_totp' then
        update account_totp t set secret = new_sealed
        where t.account_id = sealed_replace.id::uuid and t.secret = old_sealed;
    when 'documents' then
        update documents d set sealed_key = new_sealed
        where d.id = sealed_replace.id::uuid and d.sealed_key = old_sealed;
    when 'exports' then
        update exports e set sealed_key = new_sealed
        where e.id = sealed_replace.id::uuid and e.sealed_key = old_sealed;
    end case;
    return found;
end
$$;
