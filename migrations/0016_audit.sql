-- The audit trail: one row for each change of identity, access, company, vacancy status and application status, and for
-- each time a company's member saw a candidate's data. Rows are added and never changed; they end by retention alone.

create table audit_log (
    id           uuid primary key default uuid_v7(),
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

create function audit_keep() returns trigger
language plpgsql
as $$
begin
    if tg_op = 'DELETE' and current_setting('segreteria.audit_purge', true) = 'on' and old.at < now() - interval '180 days' then
        return old;
    end if;
    raise exception using errcode = 'insufficient_privilege',
        message = 'rows of audit_log are not changed and not removed before their time';
end
$$;
comment on function audit_keep() is 'Refuses every change of audit_log but the purge of rows older than 180 days.';
create trigger audit_log_keep_rows before update or delete on audit_log for each row execute function audit_keep();
create trigger audit_log_keep_all before truncate on audit_log for each statement execute function audit_keep();

create function audit_write(action text, subject_kind text, subject_id uuid, company uuid, candidate uuid, detail jsonb,
                            actor_kind text, actor uuid) returns void
language plpgsql volatile
as $$
declare
    c jsonb := nullif(current_setting('segreteria.context', true), '')::jsonb;
begin
    insert into audit_log (action, actor_kind, account_id, role, token_id, token_type, address, request_id, subject_kind,
        subject_id, company_id, candidate_id, detail)
    values (action, coalesce(actor_kind, c ->> 'kind', 'system'), coalesce(actor, (c ->> 'account_id')::uuid), c ->> 'role',
        (c ->> 'token_id')::uuid, c ->> 'token_type', (c ->> 'address')::inet, c ->> 'request_id', subject_kind,
        subject_id, company, candidate, jsonb_strip_nulls(coalesce(detail, '{}')));
end
$$;
comment on function audit_write(text, text, uuid, uuid, uuid, jsonb, text, uuid) is
    'A row of the trail. actor_kind and actor: only where they are not those of the request context (a sign-in).';

create function audit_record(action text, subject_kind text, subject_id uuid, company_id uuid default null,
                             candidate_id uuid default null, detail jsonb default '{}') returns void
language plpgsql volatile
as $$
declare
    c jsonb := nullif(current_setting('segreteria.context', true), '')::jsonb;
begin
    perform audit_write(action, subject_kind, subject_id, coalesce(company_id, (c ->> 'company_id')::uuid),
        coalesce(candidate_id, (c ->> 'candidate_id')::uuid), detail, null, null);
end
$$;
comment on function audit_record(text, text, uuid, uuid, uuid, jsonb) is
    'Records what the caller of the request did: action ("member.invited"), to what, and for which company or candidate '
    '(else the caller''s own). detail: small, ids and codes only.';

create function audit_purge(days integer, at_most integer) returns integer
language plpgsql volatile
as $$
declare
    n integer;
begin
    perform set_config('segreteria.audit_purge', 'on', true);
    with gone as (
        delete from audit_log where id in (
            select id from audit_log where at < now() - greatest(days, 180) * interval '1 day'
            order by id limit at_most for update skip locked)
        returning 1)
    select count(*) into n from gone;
    perform set_config('segreteria.audit_purge', '', true);
    return n;
end
$$;
comment on function audit_purge(integer, integer) is 'Removes rows older than so many days, at least 180; how many.';
