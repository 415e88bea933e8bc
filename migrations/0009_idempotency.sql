-- Idempotency keys: the answer of a POST kept in the transaction of its effect, for 24 hours.

create table idempotency_keys (
    key_hash    bytea primary key,
    fingerprint bytea not null,
    operation   text not null,
    status      integer not null,
    body        text,
    etag        text,
    location    text,
    created_at  timestamptz not null default now(),
    constraint idempotency_keys_hash_size check (octet_length(key_hash) between 16 and 64)
);
create index idempotency_keys_created on idempotency_keys (created_at);
comment on table idempotency_keys is 'Answers to repeat. Durable: it is what tells a client whether its write happened.';
comment on column idempotency_keys.key_hash is 'Hash of the caller and its Idempotency-Key.';
comment on column idempotency_keys.fingerprint is 'Hash of operation, target and body: another one under the same key is refused.';

-- First in the implicit transaction of an idempotent POST. The lock is held to the end of that transaction, so of two
-- requests with one key the second learns at once that the first is still running.
create function idempotency_claim(key_hash bytea, fingerprint bytea) returns void
language plpgsql volatile
as $$
begin
    if not pg_try_advisory_xact_lock(('x' || encode(substring(key_hash from 1 for 8), 'hex'))::bit(64)::bigint) then
        raise exception using errcode = 'SG002', message = 'a request with this idempotency key is still running';
    end if;
    if exists (select from idempotency_keys k where k.key_hash = idempotency_claim.key_hash
               and k.created_at > now() - interval '24 hours') then
        raise exception using errcode = 'SG001', message = 'a request with this idempotency key was answered';
    end if;
    -- One that has outlived its day and that the purge has not met yet.
    delete from idempotency_keys k where k.key_hash = idempotency_claim.key_hash;
end
$$;
comment on function idempotency_claim(bytea, bytea) is
    'SG001: answered before, read the stored answer. SG002: still running. Else the caller holds the key.';

create function idempotency_purge(at_most integer) returns integer
language sql volatile
as $$
    with gone as (
        delete from idempotency_keys where key_hash in (
            select key_hash from idempotency_keys where created_at <= now() - interval '24 hours'
            order by created_at limit at_most for update skip locked)
        returning 1)
    select count(*)::integer from gone
$$;
comment on function idempotency_purge(integer) is 'Removes answers older than a day; how many.';
