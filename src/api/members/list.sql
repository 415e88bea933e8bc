-- The members of the caller's company, the newest first.
-- @read
with page as (
    select m.id, m.created_at, json_compact(member_json(m)) as item,
        row_number() over (order by m.created_at desc, m.id desc) as n
    from company_members m
    where m.company_id = :company_id::uuid and m.company_id = :caller_company_id::uuid
        and (m.created_at, m.id) < (keyset_at(:after), keyset_id(:after))
    order by m.created_at desc, m.id desc
    limit :limit::integer + 1
)
select 200 as status,
    coalesce(string_agg(item, ',' order by n) filter (where n <= :limit::integer), '') as items,
    case when count(*) > :limit::integer
        then max(keyset_text(created_at, id)) filter (where n = :limit::integer) end as next_key
from page
