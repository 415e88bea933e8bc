-- The applications to a vacancy: a company member sees all of its company's vacancy, a candidate its own. No row (404) for
-- a vacancy that the caller cannot see.
-- Slow where most rows are passed over: everybody's reads would wait behind it.
-- @slow
with visible as (
    select j.id from jobs j
    where j.id = :job_id::uuid and case :caller_kind
        when 'company' then j.company_id = :caller_company_id::uuid
        when 'candidate' then j.published_at is not null
        else false end
), page as (
    select a.id, a.submitted_at, application_card(a, :caller_kind) as item,
        row_number() over (order by a.submitted_at desc, a.id desc) as n
    from applications a
    where a.job_id = (select id from visible)
        and (:caller_kind = 'company' or a.candidate_id = :caller_candidate_id::uuid)
        and (a.submitted_at, a.id) < (keyset_at(:after), keyset_id(:after))
        and (:status::text[] is null or a.status = any (:status::text[]))
        and (:since::timestamptz is null or a.updated_at >= :since::timestamptz)
    order by a.submitted_at desc, a.id desc
    limit :limit::integer + 1
)
select 200 as status,
    coalesce(string_agg(item, ',' order by n) filter (where n <= :limit::integer), '') as items,
    case when count(*) > :limit::integer
        then max(keyset_text(submitted_at, id)) filter (where n = :limit::integer) end as next_key
from page
having exists (select from visible)
