-- The newest open vacancies, without filters: the hot listing.
-- @read
with page as (
    select k.card, k.published_at, k.job_id, row_number() over (order by k.published_at desc, k.job_id desc) as n
    from job_cards k
    where k.status = 'published' and (k.valid_through is null or k.valid_through >= utc_today())
        and (k.published_at, k.job_id) < (keyset_at(:after), keyset_id(:after))
    order by k.published_at desc, k.job_id desc
    limit :limit::integer + 1
)
select 200 as status,
    coalesce(string_agg(card, ',' order by n) filter (where n <= :limit::integer), '') as items,
    case when count(*) > :limit::integer
        then max(keyset_text(published_at, job_id)) filter (where n = :limit::integer) end as next_key
from page
