-- Operators are made by who administers the machine, on the command line. Each function answers a line for that person:
-- '+' and what was done, or '-' and why not. Audited as every change of accounts is; the actor is the system.

create function operator_create(address text, called text, hash text) returns text
language plpgsql volatile
as $$
begin
    insert into accounts (id, kind, email, password_hash, name, email_verified_at)
    values (uuid_v7(), 'operator', address, hash, called, now())
    on conflict ((lower(email))) do nothing;
    return case when found then '+' || address || ' is an operator' else '-' || address || ' has an account already' end;
exception when check_violation then
    return '-an operator has an e-mail address and a name of 1 to 250 characters';
end
$$;
comment on function operator_create(text, text, text) is 'segreteria operator create. The administrator answers for the address.';

create function operator_disable(address text) returns text
language plpgsql volatile
as $$
declare
    operator uuid;
begin
    update accounts set disabled_at = coalesce(disabled_at, now())
    where lower(email) = lower(address) and kind = 'operator' returning id into operator;
    if not found then
        return '-there is no operator ' || address;
    end if;
    update sessions set ended_at = now(), end_reason = 'revoked' where account_id = operator and ended_at is null;
    update api_tokens set revoked_at = now() where account_id = operator and revoked_at is null;
    return '+' || address || ' is disabled; its sessions and tokens have ended';
end
$$;
comment on function operator_disable(text) is
    'segreteria operator disable. The triggers of accounts, sessions and api_tokens tell every instance.';

create function operator_enable(address text) returns text
language plpgsql volatile
as $$
begin
    update accounts set disabled_at = null where lower(email) = lower(address) and kind = 'operator';
    return case when found then '+' || address || ' may sign in again' else '-there is no operator ' || address end;
end
$$;
comment on function operator_enable(text) is 'segreteria operator enable.';

create function operator_password(address text, hash text) returns text
language plpgsql volatile
as $$
declare
    operator uuid;
begin
    update accounts set password_hash = hash, password_changed_at = now()
    where lower(email) = lower(address) and kind = 'operator' returning id into operator;
    if not found then
        return '-there is no operator ' || address;
    end if;
    update sessions set ended_at = now(), end_reason = 'password_changed' where account_id = operator and ended_at is null;
    return '+' || address || ' has a new password; its sessions have ended';
end
$$;
comment on function operator_password(text, text) is 'segreteria operator password.';

create function operator_list() returns text
language sql stable
as $$
    select '+' || coalesce(string_agg(concat_ws('  ', rpad(a.email, m.email), rpad(a.name, m.name), to_char(a.created_at at time zone 'UTC',
        'YYYY-MM-DD'), case when a.disabled_at is null then 'enabled' else 'disabled' end), e'\n' order by lower(a.email)),
        'there are no operators')
    from accounts a, (select max(length(email)) as email, max(length(name)) as name from accounts where kind = 'operator') as m
    where a.kind = 'operator'
$$;
comment on function operator_list() is 'segreteria operator list: address, name, since when, and whether it may sign in.';
