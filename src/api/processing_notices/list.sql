-- The versions of the processing notice, newest first: one in years.
-- @read
with page as (
    select n, n.published_at, n.version, row_number() over (order by n.published_at desc) as nth
    from processing_notices n
    where n.published_at < keyset_at(:after)
    order by n.published_at desc
    limit :limit::integer + 1
)
select 200 as status,
    coalesce(string_agg(json_compact(processing_notice_json(n)), ',' order by nth) filter (where nth <= :limit::integer), '')
        as items,
    case when count(*) > :limit::integer
        then max(keyset_text(published_at, '00000000-0000-0000-0000-000000000000')) filter (where nth = :limit::integer) end
        as next_key
from page
