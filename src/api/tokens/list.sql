-- The caller's API tokens that are not revoked, newest first; a token's own company's only.
-- Slow where most rows are passed over: everybody's reads would wait behind it.
-- @slow
with page as (
    select t.id, t.created_at, json_compact(token_json(t)) as item,
        row_number() over (order by t.created_at desc, t.id desc) as n
    from api_tokens t
    where t.account_id = :caller_account_id::uuid and token_within_reach(t, :caller_account_id::uuid, :caller_token_id::uuid)
        and (t.created_at, t.id) < (keyset_at(:after), keyset_id(:after))
    order by t.created_at desc, t.id desc
    limit :limit::integer + 1
)
select 200 as status,
    coalesce(string_agg(item, ',' order by n) filter (where n <= :limit::integer), '') as items,
    case when count(*) > :limit::integer
        then max(keyset_text(created_at, id)) filter (where n = :limit::integer) end as next_key
from page
