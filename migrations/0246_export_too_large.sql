-- An export that is larger than it may be is not tried again: it would be as large. The function of two values stays for servers
-- of an earlier release that run on while this one is brought in.

create function exports_fail(export uuid, held uuid, for_good boolean) returns void
language sql volatile
as $$
    update exports set state = 'failed', lease = null, sealed_key = null
    where for_good and id = export and lease = held and state = 'running';
    select exports_fail(export, held); -- removes what was stored, either way
$$;
comment on function exports_fail(uuid, uuid, boolean) is 'It did not work: later again, three times in all, or (for_good) never.';
