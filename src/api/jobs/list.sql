-- The newest open vacancies, without filters: the hot listing. How many there are is what PostgreSQL believes, unless
-- counting is as quick.
-- @read
with page as (
    select k.card, k.published_at, k.job_id, row_number() over (order by k.published_at desc, k.job_id desc) as n
    from job_cards k
    where k.status = 'published' and (k.valid_through is null or k.valid_through >= utc_today())
        and (k.published_at, k.job_id) < (keyset_at(substr(:after, 3)), keyset_id(substr(:after, 3)))
        and k.company_id <> all (array(select id from companies where suspended_at is not null))
    order by k.published_at desc, k.job_id desc
    limit :limit::integer + 1
)
select 200 as status,
    coalesce(string_agg(card, ',' order by n) filter (where n <= :limit::integer), '') as items,
    case when count(*) > :limit::integer
        then '0.' || max(keyset_text(published_at, job_id)) filter (where n = :limit::integer) end as next_key,
    case when not :counted::boolean then search_total_member() end as members
from page
