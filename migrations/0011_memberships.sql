-- An account may be a member of several companies; an API token acts for one of them, chosen when it was made.

alter table company_members drop constraint company_members_account_id_one_company;
alter table company_members add constraint company_members_company_id_account_id_once unique (company_id, account_id);
drop index company_members_company; -- the constraint's index begins with company_id
create index company_members_account on company_members (account_id);
comment on table company_members is 'The accounts of a company. An account may belong to several.';

alter table api_tokens add column company_id uuid references companies (id) on delete cascade;
comment on column api_tokens.company_id is
    'The company the token acts for; its end, or the account''s leaving it, ends the token. NULL: not a company member''s.';
-- Until now an account had one company at most.
update api_tokens t set company_id = m.company_id from company_members m where m.account_id = t.account_id;
update api_tokens t set revoked_at = now() from accounts a
where a.id = t.account_id and a.kind = 'company' and t.company_id is null and t.revoked_at is null;
create index api_tokens_company on api_tokens (company_id, created_at desc, id desc);

-- However a member goes, what was made for the company goes too, in the same transaction.
create function company_members_end_tokens() returns trigger
language plpgsql
as $$
begin
    update api_tokens set revoked_at = now()
    where account_id = old.account_id and company_id = old.company_id and revoked_at is null;
    return null;
end
$$;
comment on function company_members_end_tokens() is 'Revokes the tokens that a former member made for the company.';
create trigger company_members_end_tokens after delete on company_members
    for each row execute function company_members_end_tokens();

-- A new membership changes what a session may do as well: with the second one it has to say for which company it acts.
drop trigger company_members_notify on company_members;
create trigger company_members_notify after insert or update or delete on company_members for each row
    execute function account_notify();

create or replace function principal_scopes(kind text, role text) returns text[]
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
        when kind = 'company' then array['jobs:read', 'company:read', 'profile:read', 'profile:write', 'tokens:write']
        else '{}'::text[]
    end
$$;
comment on function principal_scopes(text, text) is
    'Every scope of a principal by kind and, in a company, by role. A member that acts for no company in particular keeps '
    'what concerns its account.';

create function memberships_json(account uuid) returns json
language sql stable
as $$
    select coalesce(json_agg(json_build_object('id', c.id, 'name', c.name, 'role', m.role) order by m.created_at, m.id), '[]')
    from company_members m join companies c on c.id = m.company_id
    where m.account_id = account
$$;
comment on function memberships_json(uuid) is 'The companies of an account, oldest membership first.';

create or replace function account_json(account uuid) returns json
language plpgsql stable
as $$
begin
    return (
        select case
            when d.id is not null then candidate_json(d, a.email, a.kind)
            when a.kind = 'company' then json_build_object('kind', a.kind, 'account_id', a.id, 'email', a.email,
                'name', a.name, 'companies', n.companies,
                'company', case when json_array_length(n.companies) = 1
                    then json_build_object('id', n.companies #> '{0,id}', 'name', n.companies #> '{0,name}') end,
                'role', case when json_array_length(n.companies) = 1 then n.companies #> '{0,role}' end)
            else json_build_object('kind', a.kind, 'account_id', a.id, 'email', a.email, 'name', a.name)
            end
        from accounts a
        cross join lateral (select case when a.kind = 'company' then memberships_json(a.id) end as companies offset 0) as n
        left join candidates d on d.account_id = a.id
        where a.id = account
    );
end
$$;

-- :company is what the request chose, NULL if nothing.
create function token_principal(kind text, account uuid, bound uuid, chosen uuid, out company_id uuid, out role text,
                                out several boolean)
language plpgsql stable
as $$
begin
    if kind <> 'company' then
        return;
    end if;
    if coalesce(bound, chosen) is null then
        select min(m.company_id::text)::uuid, min(m.role), count(*) > 1 into company_id, role, several
        from company_members m where m.account_id = account;
        if several then
            company_id := null;
            role := null;
        end if;
    else
        select m.company_id, m.role into company_id, role
        from company_members m where m.account_id = account and m.company_id = coalesce(bound, chosen);
        several := bound is null;
    end if;
end
$$;
comment on function token_principal(text, uuid, uuid, uuid) is
    'For which company a caller acts: that of its token, the one it names, or the only one it has. several: it has more '
    'than one to choose from.';

drop function tokens_create(uuid, uuid, text, text, uuid, jsonb, bytea, text, text);
create function tokens_create(account uuid, company uuid, caller_token uuid, caller_kind text, caller_role text, new_id uuid,
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

    insert into api_tokens (id, account_id, company_id, name, prefix, token_hash, scopes, allowed_ips, expires_at)
    values (new_id, account, company, body ->> 'name', prefix, hash,
        array(select distinct jsonb_array_elements_text(body -> 'scopes') order by 1),
        (select array_agg(range) from jsonb_array_elements_text(body -> 'allowed_ips') as range),
        (body ->> 'expires_at')::timestamptz)
    returning * into t;
    return op_ok(201, json_compact(token_json(t)), null, '/v1/tokens/' || t.id);
end
$$;
comment on function tokens_create(uuid, uuid, uuid, text, text, uuid, jsonb, bytea, text, text) is
    'An API token for the company the caller acts for, never wider than what makes it.';

create or replace function token_json(t api_tokens) returns json
language sql stable
as $$
    select json_build_object(
        'id', t.id, 'name', t.name,
        'company', (select json_build_object('id', c.id, 'name', c.name) from companies c where c.id = t.company_id),
        'prefix', t.prefix, 'scopes', t.scopes, 'allowed_ips', t.allowed_ips,
        'expires_at', rfc3339(t.expires_at), 'last_used_at', rfc3339(t.last_used_at),
        'rotated_at', rfc3339(t.rotated_at), 'created_at', rfc3339(t.created_at))
$$;

-- A session sees all tokens of its account; a token those made for its own company.
create function token_within_reach(t api_tokens, account uuid, caller_token uuid) returns boolean
language sql stable
as $$
    select t.account_id = account and t.revoked_at is null
        and not exists (select from api_tokens c where c.id = caller_token and c.company_id is distinct from t.company_id)
$$;
comment on function token_within_reach(api_tokens, uuid, uuid) is
    'Whether a caller may see and change a token: it is of its account, and a token acts for no company but its own.';

create or replace function tokens_rotate(account uuid, caller_token uuid, token uuid, hash bytea, new_prefix text)
returns op_result
language plpgsql volatile
as $$
declare
    t api_tokens;
begin
    -- The answer holds a secret: a token must not get that of a wider one.
    if exists (select from api_tokens mine, api_tokens other
               where mine.id = caller_token and other.id = token and token_within_reach(other, account, caller_token)
                   and (not other.scopes <@ mine.scopes
                       or ends_later(other.expires_at, mine.expires_at)
                       or exists (select from unnest(coalesce(other.allowed_ips, array[null])) as range
                           where ip_is_outside(range, mine.allowed_ips)))) then
        return op_problem(403, 'forbidden');
    end if;
    update api_tokens o set token_hash = hash, prefix = new_prefix, rotated_at = now(), last_used_at = null
    where id = token and token_within_reach(o, account, caller_token)
    returning * into t;
    if not found then
        return op_problem(404, 'not_found');
    end if;
    return op_ok(200, json_compact(token_json(t)), null, null);
end
$$;

drop function tokens_revoke(uuid, uuid);
create function tokens_revoke(account uuid, caller_token uuid, token uuid) returns op_result
language plpgsql volatile
as $$
begin
    update api_tokens t set revoked_at = now() where id = token and token_within_reach(t, account, caller_token);
    if not found then
        return op_problem(404, 'not_found');
    end if;
    return op_ok(204);
end
$$;
comment on function tokens_revoke(uuid, uuid, uuid) is 'Ends one of the account''s tokens.';

create or replace function batch_token_holds(hash bytea, company uuid) returns boolean
language plpgsql stable
as $$
begin
    return exists (
        select from (
            select account_id from api_tokens
            where token_hash = hash and company_id = company and revoked_at is null
                and (expires_at is null or expires_at > now())
            union all
            select s.account_id from session_tokens k join sessions s on s.id = k.session_id
            where k.access_hash = hash and s.ended_at is null and k.access_expires_at > now()
        ) as t
        join accounts a on a.id = t.account_id and a.disabled_at is null
        join company_members m on m.account_id = a.id and m.company_id = company and m.role in ('owner', 'recruiter')
    );
end
$$;
