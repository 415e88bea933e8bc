-- Accounts, sessions and API tokens. Secrets are here only as hashes: Argon2id for passwords, keyed BLAKE2b-256 for
-- tokens, both made by the server.

create table accounts (
    id                  uuid primary key,
    kind                text not null,
    email               text not null,
    password_hash       text not null,
    name                text not null,
    disabled_at         timestamptz,
    password_changed_at timestamptz not null default now(),
    created_at          timestamptz not null default now(),
    updated_at          timestamptz not null default now(),
    version             integer not null default 1,
    constraint accounts_kind_known check (kind in ('company', 'candidate', 'operator')),
    constraint accounts_email_form check (position('@' in email) > 1 and length(email) <= 254),
    constraint accounts_name_length check (length(name) between 1 and 250)
);
create unique index accounts_email_key on accounts (lower(email));
comment on table accounts is 'Who can log in: a company member, a candidate or an operator.';
comment on column accounts.email is 'As typed; unique without regard to case.';
comment on column accounts.password_hash is 'Argon2id, libsodium''s string form.';
comment on column accounts.disabled_at is 'Since when nothing of this account is accepted any more.';

create table sessions (
    id         uuid primary key,
    account_id uuid not null references accounts (id) on delete cascade,
    created_at timestamptz not null default now(),
    ended_at   timestamptz,
    end_reason text,
    constraint sessions_end_reason_known check (end_reason in ('logout', 'refresh_reused', 'password_changed', 'revoked')),
    constraint sessions_end_reason_with_end check ((ended_at is null) = (end_reason is null))
);
create index sessions_account on sessions (account_id) where ended_at is null;
comment on table sessions is 'A login: the family of all token pairs that descend from one password check.';

create table session_tokens (
    id                 bigint generated always as identity primary key,
    session_id         uuid not null references sessions (id) on delete cascade,
    access_hash        bytea not null unique,
    access_expires_at  timestamptz not null,
    refresh_hash       bytea not null unique,
    refresh_expires_at timestamptz not null,
    refreshed_at       timestamptz,
    constraint session_tokens_hash_size check (octet_length(access_hash) = 32 and octet_length(refresh_hash) = 32)
);
create index session_tokens_session on session_tokens (session_id);
comment on table session_tokens is 'One access and refresh token of a session; each refresh adds a pair.';
comment on column session_tokens.refreshed_at is
    'When the refresh token was used. A second use means that it leaked: the whole session ends.';

create table api_tokens (
    id           uuid primary key,
    account_id   uuid not null references accounts (id) on delete cascade,
    name         text not null,
    prefix       text not null,
    token_hash   bytea not null unique,
    scopes       text[] not null,
    allowed_ips  text[],
    expires_at   timestamptz,
    last_used_at timestamptz,
    revoked_at   timestamptz,
    rotated_at   timestamptz,
    created_at   timestamptz not null default now(),
    constraint api_tokens_name_length check (length(name) between 1 and 200),
    constraint api_tokens_scopes_some check (cardinality(scopes) > 0),
    constraint api_tokens_hash_size check (octet_length(token_hash) = 32)
);
create index api_tokens_account on api_tokens (account_id, created_at desc, id desc);
comment on table api_tokens is 'Long-lived tokens for programs. The secret was shown once and is not here.';
comment on column api_tokens.prefix is 'The secret''s first characters, for people to tell tokens apart.';
comment on column api_tokens.allowed_ips is 'Addresses or CIDR ranges it may be used from; NULL: any.';
comment on column api_tokens.last_used_at is 'Written at most once a minute.';

-- What a session of this kind and role may do; an API token can never do more than this.
create function principal_scopes(kind text, role text) returns text[]
language sql immutable parallel safe
as $$
    select case
        when kind = 'candidate' then array['jobs:read', 'applications:read', 'applications:write', 'profile:read',
            'profile:write', 'tokens:write', 'company:read']
        when kind = 'operator' then array['jobs:read', 'jobs:write', 'applications:read', 'company:read', 'company:write',
            'profile:read', 'profile:write', 'tokens:write', 'moderation:write']
        when role = 'viewer' then array['jobs:read', 'applications:read', 'company:read', 'profile:read', 'profile:write',
            'tokens:write']
        when role = 'recruiter' then array['jobs:read', 'jobs:write', 'applications:read', 'applications:write',
            'company:read', 'profile:read', 'profile:write', 'tokens:write', 'webhooks:write']
        when role = 'owner' then array['jobs:read', 'jobs:write', 'applications:read', 'applications:write',
            'company:read', 'company:write', 'profile:read', 'profile:write', 'tokens:write', 'webhooks:write']
        else '{}'::text[]
    end
$$;
comment on function principal_scopes(text, text) is 'Every scope of a principal by kind and, in a company, by role.';

create function session_start(account uuid, session uuid, access_hash bytea, refresh_hash bytea) returns void
language sql volatile
as $$
    insert into sessions (id, account_id) values (session, account);
    insert into session_tokens (session_id, access_hash, access_expires_at, refresh_hash, refresh_expires_at)
    values (session, access_hash, now() + interval '1 hour', refresh_hash, now() + interval '30 days');
$$;
comment on function session_start(uuid, uuid, bytea, bytea) is 'Opens a session: access for an hour, refresh for 30 days.';

create function sessions_refresh(hash bytea, new_access_hash bytea, new_refresh_hash bytea) returns op_result
language plpgsql volatile
as $$
declare
    t session_tokens;
    s sessions;
begin
    -- The session row is the lock: two refreshes of one family take turns.
    select s1.* into s from sessions s1 join session_tokens t1 on t1.session_id = s1.id
    where t1.refresh_hash = hash for update of s1;
    if not found or s.ended_at is not null
       or exists (select from accounts where id = s.account_id and disabled_at is not null) then
        return op_problem(401, 'invalid_refresh_token');
    end if;
    select * into t from session_tokens where refresh_hash = hash;
    if t.refreshed_at is not null then
        update sessions set ended_at = now(), end_reason = 'refresh_reused' where id = s.id;
        return op_problem(401, 'refresh_token_reused');
    elsif t.refresh_expires_at <= now() then
        return op_problem(401, 'invalid_refresh_token');
    end if;
    update session_tokens set refreshed_at = now() where id = t.id;
    insert into session_tokens (session_id, access_hash, access_expires_at, refresh_hash, refresh_expires_at)
    values (s.id, new_access_hash, now() + interval '1 hour', new_refresh_hash, now() + interval '30 days');
    return op_ok(200, json_compact(json_build_object('account', account_json(s.account_id))), null, null);
end
$$;
comment on function sessions_refresh(bytea, bytea, bytea) is
    'A new pair for a refresh token. One that was used before ends the session: it is in two hands.';

create function sessions_delete(session uuid, account uuid) returns op_result
language plpgsql volatile
as $$
begin
    update sessions set ended_at = now(), end_reason = 'logout'
    where id = session and account_id = account and ended_at is null;
    if not found then
        return op_problem(404, 'not_found');
    end if;
    return op_ok(204);
end
$$;

create function token_json(t api_tokens) returns json
language sql stable
as $$
    select json_build_object(
        'id', t.id, 'name', t.name, 'prefix', t.prefix, 'scopes', t.scopes, 'allowed_ips', t.allowed_ips,
        'expires_at', rfc3339(t.expires_at), 'last_used_at', rfc3339(t.last_used_at),
        'rotated_at', rfc3339(t.rotated_at), 'created_at', rfc3339(t.created_at))
$$;
comment on function token_json(api_tokens) is 'A token as its owner sees it, never with a secret.';

create function is_ip_range(range text) returns boolean
language plpgsql immutable
as $$
begin
    return range::inet is not null;
exception when invalid_text_representation then
    return false;
end
$$;
comment on function is_ip_range(text) is 'Whether it is an IPv4 or IPv6 address, or one with a prefix length.';

-- What a token makes or gets hold of ends when it ends and works where it works; otherwise a token that was lent for a
-- week to one machine would be good for ever and anywhere.
create function ends_later(expires_at timestamptz, than timestamptz) returns boolean
language sql immutable parallel safe
as $$ select than is not null and coalesce(expires_at, 'infinity') > than $$;
comment on function ends_later(timestamptz, timestamptz) is 'Whether a token''s end is after another''s; NULL: never.';

create function ip_is_outside(range text, ranges text[]) returns boolean
language sql immutable
as $$ select ranges is not null and not coalesce(range::inet <<= any (ranges::inet[]), false) $$;
comment on function ip_is_outside(text, text[]) is
    'Whether a range (NULL: every address) is not within one of the ranges (NULL: every address).';

create function tokens_create(account uuid, caller_token uuid, caller_kind text, caller_role text, new_id uuid,
                              body jsonb, hash bytea, prefix text, lang text) returns op_result
language plpgsql volatile
as $$
declare
    t api_tokens;
    maker api_tokens; -- all NULL for a session
    allowed text[];
    errors jsonb;
begin
    select * into maker from api_tokens where id = caller_token;
    allowed := case when found
        then array(select unnest(maker.scopes) intersect select unnest(principal_scopes(caller_kind, caller_role)))
        else principal_scopes(caller_kind, caller_role) end;

    select jsonb_agg(v) into errors from (
        select jsonb_build_object('pointer', '/scopes/' || n - 1, 'code', 'scope_not_allowed') as v
        from jsonb_array_elements_text(body -> 'scopes') with ordinality as s (scope, n)
        where scope <> all (allowed)
        union all
        select jsonb_build_object('pointer', '/expires_at', 'code', 'expires_at_past')
        where (body ->> 'expires_at')::timestamptz <= now()
        union all
        select jsonb_build_object('pointer', '/expires_at', 'code', 'expires_at_not_allowed')
        where ends_later((body ->> 'expires_at')::timestamptz, maker.expires_at)
        union all
        select jsonb_build_object('pointer', '/allowed_ips', 'code', 'allowed_ip_not_allowed')
        where not body ? 'allowed_ips' and maker.allowed_ips is not null
        union all
        select jsonb_build_object('pointer', '/allowed_ips/' || n - 1, 'code', 'allowed_ip_not_allowed')
        from jsonb_array_elements_text(body -> 'allowed_ips') with ordinality as a (range, n)
        where case when is_ip_range(range) then ip_is_outside(range, maker.allowed_ips) end
        union all
        select jsonb_build_object('pointer', '/allowed_ips/' || n - 1, 'code', 'allowed_ip_form')
        from jsonb_array_elements_text(body -> 'allowed_ips') with ordinality as a (range, n)
        where not is_ip_range(range)
    ) as found_errors;
    if errors is not null then
        return op_invalid(violations(errors, lang));
    end if;

    insert into api_tokens (id, account_id, name, prefix, token_hash, scopes, allowed_ips, expires_at)
    values (new_id, account, body ->> 'name', prefix, hash,
        array(select distinct jsonb_array_elements_text(body -> 'scopes') order by 1),
        (select array_agg(range) from jsonb_array_elements_text(body -> 'allowed_ips') as range),
        (body ->> 'expires_at')::timestamptz)
    returning * into t;
    return op_ok(201, json_compact(token_json(t)), null, '/v1/tokens/' || t.id);
end
$$;

create function tokens_rotate(account uuid, caller_token uuid, token uuid, hash bytea, new_prefix text) returns op_result
language plpgsql volatile
as $$
declare
    t api_tokens;
begin
    -- The answer holds a secret: a token must not get that of a wider one.
    if exists (select from api_tokens mine, api_tokens other
               where mine.id = caller_token and other.id = token and other.account_id = account
                   and other.revoked_at is null and (not other.scopes <@ mine.scopes
                       or ends_later(other.expires_at, mine.expires_at)
                       or exists (select from unnest(coalesce(other.allowed_ips, array[null])) as range
                           where ip_is_outside(range, mine.allowed_ips)))) then
        return op_problem(403, 'forbidden');
    end if;
    update api_tokens set token_hash = hash, prefix = new_prefix, rotated_at = now(), last_used_at = null
    where id = token and account_id = account and revoked_at is null
    returning * into t;
    if not found then
        return op_problem(404, 'not_found');
    end if;
    return op_ok(200, json_compact(token_json(t)), null, null);
end
$$;
comment on function tokens_rotate(uuid, uuid, uuid, bytea, text) is
    'A new secret for a token; the old one is dead at once. By a session, or by a token that is no narrower.';

create function tokens_revoke(account uuid, token uuid) returns op_result
language plpgsql volatile
as $$
begin
    update api_tokens set revoked_at = now() where id = token and account_id = account and revoked_at is null;
    if not found then
        return op_problem(404, 'not_found');
    end if;
    return op_ok(204);
end
$$;

create function password_rehash(account uuid, old_hash text, new_hash text) returns boolean
language sql volatile
as $$
    update accounts set password_hash = new_hash where id = account and password_hash = old_hash returning true
$$;
comment on function password_rehash(uuid, text, text) is
    'Stores the same password under a higher cost, unless it changed meanwhile.';

insert into rule_texts (code, en, it) values
    ('scope_not_allowed', 'The token that asks does not have this scope itself.',
        'Chi chiede il token non ha a sua volta questo permesso.'),
    ('expires_at_past', 'The time of expiry must be in the future.', 'La scadenza deve essere nel futuro.'),
    ('expires_at_not_allowed', 'The token that asks ends sooner itself.',
        'Il token di chi chiede scade prima.'),
    ('allowed_ip_not_allowed', 'The token that asks does not work from there itself.',
        'Il token di chi chiede non vale da lì.'),
    ('allowed_ip_form', 'This is not an IP address or range.', 'Non è un indirizzo o un intervallo IP.'),
    ('email_form', 'This is not an e-mail address.', 'Non è un indirizzo e-mail.'),
    ('name_length', 'A name has at least one character and no more than its limit.', 'Un nome ha almeno un carattere e non più del limite.'),
    ('scopes_some', 'A token needs at least one scope.', 'Un token ha almeno un permesso.');

insert into constraint_rules (constraint_name, pointer, code) values
    ('accounts_email_form', '/email', 'email_form'),
    ('accounts_name_length', '/name', 'name_length'),
    ('api_tokens_name_length', '/name', 'name_length'),
    ('api_tokens_scopes_some', '/scopes', 'scopes_some');

create function sessions_purge(at_most integer) returns integer
language sql volatile
as $$
    with gone as (
        delete from sessions where id in (
            select s.id from sessions s
            where s.created_at < now() - interval '30 days' and (s.ended_at < now() - interval '30 days'
                or not exists (select from session_tokens t where t.session_id = s.id
                    and t.refresh_expires_at > now() - interval '30 days'))
            limit at_most for update skip locked)
        returning 1)
    select count(*)::integer from gone
$$;
comment on function sessions_purge(integer) is 'Removes sessions that have been over for 30 days; how many.';
