-- The caller's applications: those to its company's vacancies, or those it sent; newest first.
-- Slow where most rows are passed over: everybody's reads would wait behind it.
-- @slow
with page as (
    select a.id, a.submitted_at, application_card(a, :caller_kind) as item,
        row_number() over (order by a.submitted_at desc, a.id desc) as n
    from (
        (select * from applications
        where :caller_kind = 'company' and company_id = :caller_company_id::uuid
            and (submitted_at, id) < (keyset_at(:after), keyset_id(:after))
            and (:status::text[] is null or status = any (:status::text[]))
            and (:since::timestamptz is null or updated_at >= :since::timestamptz)
        order by submitted_at desc, id desc
        limit :limit::integer + 1)
        union all
        (select * from applications
        where :caller_kind = 'candidate' and candidate_id = :caller_candidate_id::uuid
            and (submitted_at, id) < (keyset_at(:after), keyset_id(:after))
            and (:status::text[] is null or status = any (:status::text[]))
            and (:since::timestamptz is null or updated_at >= :since::timestamptz)
        order by submitted_at desc, id desc
        limit :limit::integer + 1)
    ) as a
)
select 200 as status,
    coalesce(string_agg(item, ',' order by n) filter (where n <= :limit::integer), '') as items,
    case when count(*) > :limit::integer
        then max(keyset_text(submitted_at, id)) filter (where n = :limit::integer) end as next_key
from page
