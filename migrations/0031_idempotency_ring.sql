-- An Idempotency-Key under several master keys: whoever claims it under one has it under all. (The function of one hash stays
-- for servers of an earlier release that run on while this one is brought in.)

create function idempotency_claim(key_hashes bytea[]) returns void
language plpgsql volatile
as $$
declare
    key_hash bytea;
begin
    -- In one order whichever master key is in use; nobody waits, so none of two that begin together is stuck.
    foreach key_hash in array array(select h from unnest(key_hashes) as h order by h) loop
        if not pg_try_advisory_xact_lock(('x' || encode(substring(key_hash from 1 for 8), 'hex'))::bit(64)::bigint) then
            raise exception using errcode = 'SG002', message = 'a request with this idempotency key is still running';
        end if;
    end loop;
    if exists (select from idempotency_keys k where k.key_hash = any (key_hashes)
               and k.created_at > now() - interval '24 hours') then
        raise exception using errcode = 'SG001', message = 'a request with this idempotency key was answered';
    end if;
    -- One that has outlived its day and that the purge has not met yet.
    delete from idempotency_keys k where k.key_hash = any (key_hashes);
end
$$;
comment on function idempotency_claim(bytea[]) is
    'SG001: answered before, read the stored answer. SG002: still running. Else the caller holds the key.';
