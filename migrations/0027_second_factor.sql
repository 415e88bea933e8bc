-- The second factor: time-based codes (RFC 6238) and recovery codes for when the authenticator is lost.

create table account_totp (
    account_id   uuid primary key references accounts (id) on delete cascade,
    secret       bytea not null,
    created_at   timestamptz not null default now(),
    confirmed_at timestamptz,
    last_step    bigint not null default -1
);
comment on table account_totp is 'Secrets of authenticators. One that was not confirmed with a code asks nobody for any.';
comment on column account_totp.secret is 'Sealed by the server under the master key, bound to account_id.';
comment on column account_totp.last_step is 'The time step of the last code that was taken: no code is taken twice.';

create table recovery_codes (
    code_hash  bytea primary key,
    account_id uuid not null references accounts (id) on delete cascade,
    created_at timestamptz not null default now(),
    used_at    timestamptz,
    constraint recovery_codes_hash_size check (octet_length(code_hash) = 32)
);
create index recovery_codes_account on recovery_codes (account_id);
comment on table recovery_codes is 'Hashes, keyed with the authenticator''s secret, of codes that take the place of its codes, each once.';

-- step: of a code that the server found right; otherwise the hashes that a recovery code may have.
create function second_factor_use(account uuid, step bigint, recovery_hashes bytea[]) returns boolean
language plpgsql volatile
as $$
begin
    if not exists (select from account_totp where account_id = account and confirmed_at is not null) then
        return true;
    elsif step is not null then
        update account_totp set last_step = step
        where account_id = account and confirmed_at is not null and last_step < step;
    else
        update recovery_codes set used_at = now()
        where code_hash = any (recovery_hashes) and account_id = account and used_at is null;
    end if;
    if not found then
        return false;
    end if;
    perform sign_in_give_back(c.key, c.cost) from sign_in_code_limit(account) as c;
    if step is null then
        perform mail_enqueue('recovery_code_used', account, null);
        perform audit_record('recovery_code.used', 'account', account);
    end if;
    return true;
end
$$;
comment on function second_factor_use(uuid, bigint, bytea[]) is
    'Whether the account has no second factor, or this code passes as it; the code is used up.';

-- A session is opened by what verified the password and, where there is one, the second factor; this is the lock.
drop function sessions_create(uuid, uuid, bytea, bytea);
create function sessions_create(account uuid, session uuid, access_hash bytea, refresh_hash bytea, step bigint,
                                recovery_hashes bytea[]) returns op_result
language plpgsql volatile
as $$
begin
    if not exists (select from accounts where id = account and disabled_at is null) then
        return op_problem(401, 'invalid_credentials');
    elsif not second_factor_use(account, step, recovery_hashes) then
        return op_problem(401, 'invalid_totp_code');
    end if;
    perform session_start(account, session, access_hash, refresh_hash);
    return op_ok(201, json_compact(json_build_object('account', account_json(account))), null, null);
end
$$;
comment on function sessions_create(uuid, uuid, bytea, bytea, bigint, bytea[]) is
    'A login whose password the server has verified, and whose code, if the account has a second factor.';

drop function sign_in_settle(uuid, text, text, text, uuid, boolean);
create function sign_in_settle(account uuid, login text, address text, known text, device uuid, with_code boolean)
returns table (retry_after integer, totp_secret bytea)
language plpgsql volatile
as $$
declare
    l record;
    wait interval;
begin
    perform set_config('synchronous_commit', 'off', true); -- see sign_in_attempt
    for l in select * from sign_in_limits(login, sign_in_place(address), known, device) loop
        if l.name in ('device', 'pair') then
            delete from sign_in_throttle t where t.key = l.key;
        else
            perform sign_in_give_back(l.key, l.cost);
        end if;
    end loop;
    select secret into totp_secret from account_totp where account_id = account and confirmed_at is not null;
    if found and with_code then
        select sign_in_take(c.key, c.cost, c.burst) into wait from sign_in_code_limit(account) as c;
        if wait > interval '0' then
            retry_after := greatest(1, ceil(extract(epoch from wait)));
        end if;
    end if;
    return next;
end
$$;
comment on function sign_in_settle(uuid, text, text, text, uuid, boolean) is
    'The password was right: its attempt is forgotten, and at this place and device those before. retry_after: how many '
    'seconds to wait before another code is verified. totp_secret: there is a second factor.';

drop function me_delete(uuid, text, uuid);
create function me_delete(account uuid, old_hash text, receipt uuid, step bigint, recovery_hashes bytea[]) returns op_result
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
    elsif not second_factor_use(account, step, recovery_hashes) then
        return op_problem(403, 'wrong_totp_code');
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
comment on function me_delete(uuid, text, uuid, bigint, bytea[]) is
    'Erases an account and what is its own, in this transaction; the answer is the receipt.';

-- ---- the account's own administration of it ----

create function me_totp_document(account uuid) returns text
language sql stable
as $$
    select json_compact(json_build_object('enabled', t.confirmed_at is not null, 'enabled_at', rfc3339(t.confirmed_at),
        'recovery_codes_left', (select count(*) from recovery_codes r where r.account_id = account and r.used_at is null)))
    from (select) as one left join account_totp t on t.account_id = account
$$;
comment on function me_totp_document(uuid) is 'GET /v1/me/totp.';

create function me_totp_start(account uuid, old_hash text, sealed bytea) returns op_result
language plpgsql volatile
as $$
begin
    perform from accounts where id = account and password_hash = old_hash for update;
    if not found then
        return op_problem(403, 'wrong_password');
    end if;
    insert into account_totp as t (account_id, secret) values (account, sealed)
    on conflict (account_id) do update set secret = excluded.secret, created_at = now(), last_step = -1
        where t.confirmed_at is null;
    if not found then
        return op_problem(409, 'totp_enabled');
    end if;
    return op_ok(201, '{"digits":6,"period":30}', null, '/v1/me/totp');
end
$$;
comment on function me_totp_start(uuid, text, bytea) is 'A secret for an authenticator; it counts once it is confirmed.';

create function recovery_codes_replace(account uuid, hashes bytea[]) returns void
language sql volatile
as $$
    delete from recovery_codes where account_id = account;
    insert into recovery_codes (code_hash, account_id) select h, account from unnest(hashes) as h;
$$;
comment on function recovery_codes_replace(uuid, bytea[]) is 'New recovery codes; the old ones are void.';

-- step NULL: the code was not right.
create function me_totp_confirm(account uuid, step bigint, recovery_hashes bytea[]) returns op_result
language plpgsql volatile
as $$
declare
    t account_totp;
begin
    select * into t from account_totp where account_id = account for update;
    if not found then
        return op_problem(409, 'totp_not_enabled');
    elsif t.confirmed_at is not null then
        return op_problem(409, 'totp_enabled');
    elsif step is null then
        return op_problem(403, 'wrong_totp_code');
    end if;
    update account_totp set confirmed_at = now(), last_step = step where account_id = account;
    perform recovery_codes_replace(account, recovery_hashes);
    perform mail_enqueue('totp_enabled', account, null);
    perform audit_record('totp.enabled', 'account', account);
    return op_ok(200, me_totp_document(account));
end
$$;
comment on function me_totp_confirm(uuid, bigint, bytea[]) is 'The authenticator works: from now on signing in asks for it.';

create function me_totp_delete(account uuid, step bigint, recovery_hashes bytea[]) returns op_result
language plpgsql volatile
as $$
begin
    if not exists (select from account_totp where account_id = account and confirmed_at is not null) then
        return op_problem(409, 'totp_not_enabled');
    elsif not second_factor_use(account, step, recovery_hashes) then
        return op_problem(403, 'wrong_totp_code');
    end if;
    delete from account_totp where account_id = account;
    delete from recovery_codes where account_id = account;
    perform mail_enqueue('totp_disabled', account, null);
    perform audit_record('totp.disabled', 'account', account);
    return op_ok(204);
end
$$;
comment on function me_totp_delete(uuid, bigint, bytea[]) is 'Without a second factor again.';

create function me_totp_recovery(account uuid, step bigint, used_hashes bytea[], recovery_hashes bytea[]) returns op_result
language plpgsql volatile
as $$
begin
    if not exists (select from account_totp where account_id = account and confirmed_at is not null) then
        return op_problem(409, 'totp_not_enabled');
    elsif not second_factor_use(account, step, used_hashes) then
        return op_problem(403, 'wrong_totp_code');
    end if;
    perform recovery_codes_replace(account, recovery_hashes);
    perform audit_record('recovery_codes.renewed', 'account', account);
    return op_ok(201, me_totp_document(account), null, '/v1/me/totp');
end
$$;
comment on function me_totp_recovery(uuid, bigint, bytea[], bytea[]) is 'Ten new recovery codes.';
