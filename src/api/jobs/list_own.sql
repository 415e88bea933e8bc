-- The caller's company's vacancies in every state (scope=own), newest first, with the same filters.
-- Slow where most rows are passed over: everybody's reads would wait behind it.
-- @slow
with page as (
    select job_text_today(k.card, k.status, k.valid_through) as card, k.created_at, k.job_id,
        row_number() over (order by k.created_at desc, k.job_id desc) as n
    from job_cards k
    where k.company_id = :caller_company_id::uuid
        and (:company_id::uuid[] is null or k.company_id = any (:company_id::uuid[]))
        and (k.created_at, k.job_id) < (keyset_at(:after), keyset_id(:after))
        and (:status::text[] is null or job_state(k.status, k.valid_through) = any (:status::text[]))
        and (:role::text[] is null or k.role = any (:role::text[]))
        and (:employment_type::text[] is null or k.employment_type = any (:employment_type::text[]))
        and (:contract::text[] is null or k.contract = any (:contract::text[]))
        and (:work_mode::text[] is null or k.work_mode = any (:work_mode::text[]))
        and (:confidentiality_level::text[] is null or k.confidentiality_level = any (:confidentiality_level::text[]))
        and (:country::text[] is null or k.country = any (upper(:country::text)::text[]))
        and (:region::text[] is null or lower(k.region) = any (lower(:region::text)::text[]))
        and (:city::text[] is null or lower(k.city) = any (lower(:city::text)::text[]))
        and (:published_since::timestamptz is null or k.published_at >= :published_since::timestamptz)
    order by k.created_at desc, k.job_id desc
    limit :limit::integer + 1
)
select 200 as status,
    coalesce(string_agg(card, ',' order by n) filter (where n <= :limit::integer), '') as items,
    case when count(*) > :limit::integer
        then max(keyset_text(created_at, job_id)) filter (where n = :limit::integer) end as next_key
from page
