-- The invitations of the caller's company, the newest first.
-- Slow where most rows are passed over: everybody's reads would wait behind it.
-- @slow
with page as (
    select i.id, i.created_at, json_compact(invitation_json(i)) as item,
        row_number() over (order by i.created_at desc, i.id desc) as n
    from company_invitations i
    where i.company_id = :company_id::uuid and i.company_id = :caller_company_id::uuid
        and (:status::text[] is null or invitation_status(i) = any (:status::text[]))
        and (i.created_at, i.id) < (keyset_at(:after), keyset_id(:after))
    order by i.created_at desc, i.id desc
    limit :limit::integer + 1
)
select 200 as status,
    coalesce(string_agg(item, ',' order by n) filter (where n <= :limit::integer), '') as items,
    case when count(*) > :limit::integer
        then max(keyset_text(created_at, id)) filter (where n = :limit::integer) end as next_key
from page
