-- The principal of a token by the hashes it may have (see token_hashes_text): one row if the token is valid now,
-- none otherwise. A session (its token_id is the session's) may do all that its kind and role may; an API token loses what
-- its account's role has lost, and is none any more when its account has left the company it acts for.
-- former_key: it is time for auth_token_rehash.
-- company_id, role, several: see token_principal; :chosen_company is the one that the request names.
-- suspended: an operator has stopped that company.
-- touch: it is time for auth_token_touch or auth_session_touch. everywhere: it is bound to no address; else here: it may be
-- used from the one the request came from. The secret before a rotation (former_secret) counts until its grace is over.
-- @read
select t.type as token_type, t.token_id, t.session_id, a.kind, a.id as account_id, m.company_id, d.id as candidate_id, m.role,
    m.several, exists (select from companies c where c.id = m.company_id and c.suspended_at is not null) as suspended,
    array(select s from unnest(principal_scopes(a.kind, m.role)) as s
        where t.type = 'session' or s = any (t.scopes)) as scopes,
    t.allowed_ips is null as everywhere,
    plain_address(:peer::text) <<= any (t.allowed_ips::inet[]) as here,
    (extract(epoch from t.expires_at) * 1000)::bigint as expires_unix_ms,
    t.hash <> (:token_hashes::bytea[])[1] as former_key, t.former as former_secret,
    t.last_used_at is null or t.last_used_at < now() - interval '1 minute' as touch
from (
    select 'api' as type, token_hash as hash, id as token_id, null::uuid as session_id, account_id, company_id, scopes,
        allowed_ips, expires_at, last_used_at, false as former
    from api_tokens where token_hash = any (:token_hashes::bytea[]) and revoked_at is null
    union all
    select 'api', (:token_hashes::bytea[])[1], id, null, account_id, company_id, scopes, allowed_ips,
        least(expires_at, previous_until), last_used_at, true
    from api_tokens where previous_hash = any (:token_hashes::bytea[]) and previous_until > now() and revoked_at is null
    union all
    select 'session', k.access_hash, s.id, s.id, s.account_id, null, null, null, k.access_expires_at, s.last_seen_at, false
    from session_tokens k join sessions s on s.id = k.session_id
    where k.access_hash = any (:token_hashes::bytea[]) and s.ended_at is null
) as t
join accounts a on a.id = t.account_id and a.disabled_at is null
cross join lateral token_principal(a.kind, a.id, t.company_id, :chosen_company::uuid) as m
left join candidates d on d.account_id = a.id
where (t.expires_at is null or t.expires_at > now())
    and not (t.type = 'api' and a.kind = 'company' and m.company_id is null)
