-- A candidate's own applications to a vacancy; a company's members: view_list.sql. No row (404) for a vacancy that was never
-- public.
-- is not distinct from: walks the candidate's applications, not the thousands to a vacancy.
-- Slow where most rows are passed over: everybody's reads would wait behind it.
-- @slow
with visible as (
    select j.id from jobs j where j.id = :job_id::uuid and j.published_at is not null
), page as (
    select a.id, a.submitted_at, application_card(a, 'candidate') as item,
        row_number() over (order by a.submitted_at desc, a.id desc) as n
    from applications a
    where a.candidate_id = :caller_candidate_id::uuid and a.job_id is not distinct from (select id from visible)
        and (a.submitted_at, a.id) < (keyset_at(:after), keyset_id(:after))
        and (:status::text[] is null or a.status = any (:status::text[]))
        and (:since::timestamptz is null or a.updated_at >= :since::timestamptz)
        and (:purge_before::timestamptz is null or application_purge_after(a) < :purge_before::timestamptz)
    order by a.submitted_at desc, a.id desc
    limit :limit::integer + 1
)
select 200 as status,
    coalesce(string_agg(item, ',' order by n) filter (where n <= :limit::integer), '') as items,
    case when count(*) > :limit::integer
        then max(keyset_text(submitted_at, id)) filter (where n = :limit::integer) end as next_key
from page
having exists (select from visible)
