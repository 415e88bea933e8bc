-- API tokens: a rotation may leave the old secret good for a while, the last use says roughly from where, an account has a
-- bounded number of them, and the owners of a company end those of its members.

alter table api_tokens
    add column previous_hash bytea unique,
    add column previous_until timestamptz,
    add column last_used_from cidr,
    add constraint api_tokens_previous_with_end check ((previous_hash is null) = (previous_until is null)),
    add constraint api_tokens_previous_hash_size check (octet_length(previous_hash) = 32);
comment on column api_tokens.previous_hash is 'The secret before the last rotation, good until previous_until.';
comment on column api_tokens.last_used_from is 'The network of the last use: a /24 of IPv4, a /48 of IPv6.';

drop trigger api_tokens_notify on api_tokens;
create trigger api_tokens_notify after update on api_tokens for each row
    when ((old.token_hash, old.previous_hash, old.previous_until, old.revoked_at, old.scopes, old.expires_at, old.allowed_ips)
        is distinct from (new.token_hash, new.previous_hash, new.previous_until, new.revoked_at, new.scopes, new.expires_at,
            new.allowed_ips))
    execute function account_notify();

create function plain_address(address text) returns inet
language sql immutable parallel safe
as $$ select regexp_replace(address, '^::ffff:(?=[0-9]+[.])', '')::inet $$;
comment on function plain_address(text) is 'An address as it is: an IPv4 client of an IPv6 socket is ::ffff:1.2.3.4.';

create function token_touch(token uuid, address text) returns void
language sql volatile
as $$
    update api_tokens set last_used_at = now(),
        last_used_from = network(set_masklen(plain_address(address), case family(plain_address(address)) when 4 then 24 else 48 end))
    where id = token and (last_used_at is null or last_used_at < now() - interval '1 minute')
$$;
comment on function token_touch(uuid, text) is 'Notes that a token is in use and roughly from where, at most once a minute.';

create or replace function token_json(t api_tokens) returns json
language sql stable
as $$
    select json_build_object(
        'id', t.id, 'name', t.name,
        'company', (select json_build_object('id', c.id, 'name', c.name) from companies c where c.id = t.company_id),
        'prefix', t.prefix, 'scopes', t.scopes, 'allowed_ips', t.allowed_ips,
        'expires_at', rfc3339(t.expires_at), 'last_used_at', rfc3339(t.last_used_at), 'last_used_from', t.last_used_from,
        'rotated_at', rfc3339(t.rotated_at),
        'previous_secret_until', case when t.previous_until > now() then rfc3339(t.previous_until) end,
        'created_at', rfc3339(t.created_at))
$$;

create function company_token_json(t api_tokens) returns json
language plpgsql stable
as $$
begin
    return left(token_json(t)::text, -1) || ', "member": ' || (
        select json_build_object('id', m.id, 'name', a.name, 'email', a.email)
        from company_members m join accounts a on a.id = m.account_id
        where m.account_id = t.account_id and m.company_id = t.company_id) || '}';
end
$$;
comment on function company_token_json(api_tokens) is 'A token as the owners of its company see it: with the member that made it.';

create or replace function tokens_create(account uuid, company uuid, caller_token uuid, caller_kind text, caller_role text,
                                         new_id uuid, body jsonb, hash bytea, prefix text, lang text) returns op_result
language plpgsql volatile
as $$
declare
    t api_tokens;
    maker api_tokens; -- all NULL for a session
    allowed text[];
    errors jsonb;
begin
    -- A former secret ends soon: what it made or got would not.
    if context_text('former_secret') = 'true' then
        return op_problem(403, 'forbidden');
    end if;
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

    perform from accounts where id = account for no key update; -- counted one at a time
    if (select count(*) from api_tokens l where l.account_id = account and l.revoked_at is null
        and (l.expires_at is null or l.expires_at > now())) >= 100 then
        return op_problem(409, 'tokens_limit');
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

drop function tokens_rotate(uuid, uuid, uuid, bytea, text);
create function tokens_rotate(account uuid, caller_token uuid, token uuid, hash bytea, new_prefix text, grace_hours integer)
returns op_result
language plpgsql volatile
as $$
declare
    t api_tokens;
begin
    -- A former secret ends soon: what it made or got would not.
    if context_text('former_secret') = 'true' then
        return op_problem(403, 'forbidden');
    end if;
    -- The answer holds a secret: a token must not get that of a wider one.
    if exists (select from api_tokens mine, api_tokens other
               where mine.id = caller_token and other.id = token and token_within_reach(other, account, caller_token)
                   and (not other.scopes <@ mine.scopes
                       or ends_later(other.expires_at, mine.expires_at)
                       or exists (select from unnest(coalesce(other.allowed_ips, array[null])) as range
                           where ip_is_outside(range, mine.allowed_ips)))) then
        return op_problem(403, 'forbidden');
    end if;
    -- A secret that was left good before is dead now: there are never more than two.
    update api_tokens o set token_hash = hash, prefix = new_prefix, rotated_at = now(), last_used_at = null,
        last_used_from = null, previous_hash = case when grace_hours > 0 then token_hash end,
        previous_until = case when grace_hours > 0 then now() + grace_hours * interval '1 hour' end
    where id = token and token_within_reach(o, account, caller_token)
    returning * into t;
    if not found then
        return op_problem(404, 'not_found');
    end if;
    return op_ok(200, json_compact(token_json(t)), null, null);
end
$$;
comment on function tokens_rotate(uuid, uuid, uuid, bytea, text, integer) is
    'A new secret for a token; the old one is dead at once, or after some hours of grace. By a session, or by a token that is '
    'no narrower.';

create function company_tokens_revoke(company uuid, token uuid) returns op_result
language plpgsql volatile
as $$
begin
    update api_tokens set revoked_at = now() where id = token and company_id = company and revoked_at is null;
    if not found then
        return op_problem(404, 'not_found');
    end if;
    return op_ok(204);
end
$$;
comment on function company_tokens_revoke(uuid, uuid) is 'An owner ends a token that acts for the company.';

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
            select account_id from api_tokens
            where previous_hash = hash and previous_until > now() and company_id = company and revoked_at is null
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

-- The name is what people trust: a company that changes it is checked again before it is called verified.
create or replace function companies_patch(company uuid, caller_company uuid, caller_kind text, body jsonb, expected integer,
                                           if_match text[]) returns op_result
language plpgsql volatile
as $$
declare
    c companies;
    document text;
begin
    select * into c from companies where id = company for update;
    if not found then
        return op_problem(404, 'not_found');
    elsif caller_kind <> 'operator' and company is distinct from caller_company then
        return op_problem(403, 'forbidden');
    elsif not etag_matches(if_match, etag_of(json_compact(company_json(c)))) then
        return op_problem(412, 'precondition_failed');
    elsif c.version <> expected then
        return op_problem(409, 'version_changed');
    end if;
    if company_editable(c) <> jsonb_strip_nulls(body) then
        update companies set
            kind = body ->> 'kind', legal_name = body ->> 'legal_name', name = body ->> 'name',
            country = body ->> 'country', vat_id = body ->> 'vat_id', website = body ->> 'website',
            verified_at = case when (legal_name, name, country, vat_id) is not distinct from
                (body ->> 'legal_name', body ->> 'name', body ->> 'country', body ->> 'vat_id') then verified_at end,
            updated_at = now(), version = version + 1
        where id = company returning * into c;
    end if;
    document := json_compact(company_json(c));
    return op_ok(200, document, etag_of(document), null);
end
$$;
comment on column companies.verified_at is
    'When an operator checked who it is; a change of name, legal name, country or VAT id takes it back.';
