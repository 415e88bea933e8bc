-- The principal of a token's hash: one row if the token is valid now, none otherwise. scopes is NULL for a session, which
-- may do all that its kind and role may; an API token loses what its account's role has lost.
-- @read
select t.type as token_type, t.token_id, a.kind, a.id as account_id, m.company_id, d.id as candidate_id, m.role,
    case when t.type = 'api' then array(select s from unnest(t.scopes) as s
        where s = any (principal_scopes(a.kind, m.role))) end as scopes,
    t.allowed_ips, t.expires_at, extract(epoch from t.expires_at)::bigint as expires_epoch,
    t.last_used_at is null or t.last_used_at < now() - interval '1 minute' as touch
from (
    select 'api' as type, id as token_id, account_id, scopes, allowed_ips, expires_at, last_used_at
    from api_tokens where token_hash = :token_hash::bytea and revoked_at is null
    union all
    select 'session', s.id, s.account_id, null, null, k.access_expires_at, now()
    from session_tokens k join sessions s on s.id = k.session_id
    where k.access_hash = :token_hash::bytea and s.ended_at is null
) as t
join accounts a on a.id = t.account_id and a.disabled_at is null
left join company_members m on m.account_id = a.id
left join candidates d on d.account_id = a.id
where t.expires_at is null or t.expires_at > now()
