-- The history of an application as its candidate sees it, oldest first; a company's members: view_events.sql.
-- @read
with visible as (
    select a.id from applications a
    where a.id = :application_id::uuid and a.candidate_id = :caller_candidate_id::uuid
), page as (
    select e.id, e.at, row_number() over (order by e.at, e.id) as n, application_event_text(e, 'candidate') as item
    from application_events e
    where e.application_id = (select id from visible)
        and application_event_public(e.type)
        and (:after::text is null or (e.at, e.id) > (keyset_at(:after), keyset_id(:after)))
    order by e.at, e.id
    limit :limit::integer + 1
)
select 200 as status,
    coalesce(string_agg(item, ',' order by n) filter (where n <= :limit::integer), '') as items,
    case when count(*) > :limit::integer
        then max(keyset_text(at, id)) filter (where n = :limit::integer) end as next_key
from page
having exists (select from visible)
