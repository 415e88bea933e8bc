-- All companies, newest first, for operators.
-- Slow where most rows are passed over: everybody's reads would wait behind it.
-- @slow
with page as (
    select c.id, c.created_at, json_compact(company_moderated_json(c)) as item,
        row_number() over (order by c.created_at desc, c.id desc) as n
    from companies c
    where (c.created_at, c.id) < (keyset_at(:after), keyset_id(:after))
        and (:verification::text[] is null or c.verification = any (:verification::text[]))
        and (:suspended::boolean is null or (c.suspended_at is not null) = :suspended::boolean)
        and (:country::text[] is null or c.country = any (upper(:country::text)::text[]))
    order by c.created_at desc, c.id desc
    limit :limit::integer + 1
)
select 200 as status,
    coalesce(string_agg(item, ',' order by n) filter (where n <= :limit::integer), '') as items,
    case when count(*) > :limit::integer
        then max(keyset_text(created_at, id)) filter (where n = :limit::integer) end as next_key
from page
