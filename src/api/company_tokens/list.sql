-- The live API tokens that act for the caller's company, whichever member made them, newest first.
-- Slow where most rows are passed over: everybody's reads would wait behind it.
-- @slow
with page as (
    select t.id, t.created_at, json_compact(company_token_json(t)) as item,
        row_number() over (order by t.created_at desc, t.id desc) as n
    from api_tokens t
    where t.company_id = :company_id::uuid and t.company_id = :caller_company_id::uuid and t.revoked_at is null
        and (t.expires_at is null or t.expires_at > now())
        and (t.created_at, t.id) < (keyset_at(:after), keyset_id(:after))
    order by t.created_at desc, t.id desc
    limit :limit::integer + 1
)
select 200 as status,
    coalesce(string_agg(item, ',' order by n) filter (where n <= :limit::integer), '') as items,
    case when count(*) > :limit::integer
        then max(keyset_text(created_at, id)) filter (where n = :limit::integer) end as next_key
from page
