-- The audit trail: one row for each change of identity, access, company, vacancy status and application status, and for
-- each time a company's member saw a candidate's data. Rows are added and never changed; they end by retention alone.

-- RFC 9562, 6.2, method 3: the 12 bits after the milliseconds say how far into the millisecond.
create function uuid_v7_fine(at timestamptz default clock_timestamp()) returns uuid
language sql volatile parallel safe
as $$
    select encode(substring(int8send((extract(epoch from at) * 1000000)::bigint / 1000) from 3)
        || substring(int4send((28672 + (extract(epoch from at) * 1000000)::bigint % 1000 * 4096 / 1000)::integer) from 3)
        || substring(uuid_send(gen_random_uuid()) from 9), 'hex')::uuid
$$;
comment on function uuid_v7_fine(timestamptz) is 'A UUIDv7 whose order is that of time to a quarter of a microsecond.';

create table audit_log (
    id           uuid primary key default uuid_v7_fine(),
    at           timestamptz not null default clock_timestamp(),
    action       text not null,
    actor_kind   text not null,
    account_id   uuid,
    role         text,
    token_id     uuid,
    token_type   text,
    address      inet,
    request_id   text,
    subject_kind text not null,
    subject_id   uuid,
    company_id   uuid,
    candidate_id uuid,
    detail       jsonb not null default '{}',
    constraint audit_log_action_form check (action ~ '^[a-z_]+[.][a-z_]+$'),
    constraint audit_log_actor_known check (actor_kind in ('anonymous', 'company', 'candidate', 'operator', 'system')),
    constraint audit_log_detail_small check (jsonb_typeof(detail) = 'object' and octet_length(detail::text) <= 4096)
);
create index audit_log_company on audit_log (company_id, id desc) where company_id is not null;
create index audit_log_candidate on audit_log (candidate_id, id desc) where candidate_id is not null;
create index audit_log_account on audit_log (account_id, id desc) where account_id is not null;
comment on table audit_log is
    'Who did what, when, from where, in which request. Ids only, without references: a row outlives what it tells of. '
    'Never a secret, a hash or a text that a person wrote.';
comment on column audit_log.id is 'UUIDv7: in order of time, so that it is the order of every listing.';
comment on column audit_log.actor_kind is 'system: nobody asked, the server did it (expiry, purge, a command of its administrator).';
comment on column audit_log.account_id is 'Who acted.';
comment on column audit_log.token_id is 'The API token, or the session, with which.';
comment on column audit_log.address is 'From where, in full; the API shows it in full to operators only.';
comment on column audit_log.company_id is 'The company that the row concerns: its owners may read it.';
comment on column audit_log.candidate_id is 'The candidate that the row concerns: it may read it.';

create table audit_shown (
    candidate_id uuid not null,
    event_id     uuid not null,
    primary key (candidate_id, event_id)
);
create index audit_shown_old on audit_shown using brin (event_id);
comment on table audit_shown is
    'Which candidates a row of audit_log showed, where it showed several: a listing is one row there and one for each here.';

create function uuid_at(id uuid) returns timestamptz
language sql immutable parallel safe
as $$
    select timestamptz 'epoch'
        + ('x' || translate(left(id::text, 13), '-', ''))::bit(48)::bigint * interval '1 millisecond'
$$;
comment on function uuid_at(uuid) is 'When a UUIDv7 was made, to the millisecond.';

create function uuid_floor(at timestamptz) returns uuid
language sql immutable strict parallel safe
as $$
    select encode(substring(int8send(greatest(0, floor(extract(epoch from at) * 1000))::bigint) from 3)
        || '\x70008000000000000000', 'hex')::uuid
$$;
comment on function uuid_floor(timestamptz) is 'No UUIDv7 made at that millisecond or later is smaller.';

create function audit_keep() returns trigger
language plpgsql
as $$
begin
    if tg_op = 'DELETE' and current_setting('segreteria.audit_purge', true) = 'on'
            and (to_jsonb(old) ->> tg_argv[0])::uuid < uuid_floor(now() - interval '180 days') then
        return old;
    end if;
    raise exception using errcode = 'insufficient_privilege',
        message = 'rows of the audit trail are not changed and not removed before their time';
end
$$;
comment on function audit_keep() is 'Refuses every change of the trail but the purge of rows older than 180 days.';
create trigger audit_log_keep_rows before update or delete on audit_log for each row execute function audit_keep('id');
create trigger audit_log_keep_all before truncate on audit_log for each statement execute function audit_keep();
create trigger audit_shown_keep_rows before update or delete on audit_shown
    for each row execute function audit_keep('event_id');
create trigger audit_shown_keep_all before truncate on audit_shown for each statement execute function audit_keep();

create function audit_write(action text, subject_kind text, subject_id uuid, company uuid, candidate uuid, detail jsonb,
                            actor_kind text, actor uuid) returns uuid
language plpgsql volatile
as $$
declare
    c jsonb := nullif(current_setting('segreteria.context', true), '')::jsonb;
    now_exactly timestamptz := clock_timestamp();
    event uuid := uuid_v7_fine(now_exactly);
begin
    insert into audit_log (id, at, action, actor_kind, account_id, role, token_id, token_type, address, request_id, subject_kind,
        subject_id, company_id, candidate_id, detail)
    values (event, now_exactly, action, coalesce(actor_kind, c ->> 'kind', 'system'), coalesce(actor, (c ->> 'account_id')::uuid), c ->> 'role',
        (c ->> 'token_id')::uuid, c ->> 'token_type', (c ->> 'address')::inet, c ->> 'request_id', subject_kind,
        subject_id, company, candidate, jsonb_strip_nulls(coalesce(detail, '{}')));
    return event;
end
$$;
comment on function audit_write(text, text, uuid, uuid, uuid, jsonb, text, uuid) is
    'A row of the trail; its id. actor_kind and actor: only where they are not those of the request context (a sign-in).';

-- The insert of audit_write again, and not a call of it: this runs with every application.
create function audit_record(action text, subject_kind text, subject_id uuid, company_id uuid default null,
                             candidate_id uuid default null, detail jsonb default '{}') returns void
language plpgsql volatile
as $$
declare
    c jsonb := nullif(current_setting('segreteria.context', true), '')::jsonb;
    now_exactly timestamptz := clock_timestamp();
begin
    insert into audit_log (id, at, action, actor_kind, account_id, role, token_id, token_type, address, request_id,
        subject_kind, subject_id, company_id, candidate_id, detail)
    values (uuid_v7_fine(now_exactly), now_exactly, audit_record.action, coalesce(c ->> 'kind', 'system'),
        (c ->> 'account_id')::uuid, c ->> 'role', (c ->> 'token_id')::uuid, c ->> 'token_type', (c ->> 'address')::inet,
        c ->> 'request_id', audit_record.subject_kind, audit_record.subject_id,
        coalesce(audit_record.company_id, (c ->> 'company_id')::uuid),
        coalesce(audit_record.candidate_id, (c ->> 'candidate_id')::uuid), jsonb_strip_nulls(coalesce(audit_record.detail, '{}')));
end
$$;
comment on function audit_record(text, text, uuid, uuid, uuid, jsonb) is
    'Records what the caller of the request did: action ("member.invited"), to what, and for which company or candidate '
    '(else the caller''s own). detail: small, ids and codes only.';

create function audit_purge(days integer, at_most integer) returns integer
language plpgsql volatile
set enable_bitmapscan = on -- the BRIN index of audit_shown
as $$
declare
    oldest uuid := uuid_floor(now() - greatest(days, 180) * interval '1 day');
    n integer;
begin
    perform set_config('segreteria.audit_purge', 'on', true);
    delete from audit_shown where ctid = any (array(
        select ctid from audit_shown where event_id < oldest limit at_most for update skip locked));
    get diagnostics n = row_count;
    -- A listing goes after what says whom it showed.
    if n < at_most then
        delete from audit_log where id in (
            select id from audit_log where id < oldest order by id limit at_most - n for update skip locked);
        get diagnostics at_most = row_count;
        n := n + at_most;
    end if;
    perform set_config('segreteria.audit_purge', '', true);
    return n;
end
$$;
comment on function audit_purge(integer, integer) is 'Removes rows older than so many days, at least 180; how many.';
