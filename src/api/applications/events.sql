-- The history of an application, oldest first; the candidate does not see which member acted.
-- @read
with visible as (
    select a.id from applications a
    where a.id = :application_id::uuid and case :caller_kind
        when 'company' then a.company_id = :caller_company_id::uuid
        when 'candidate' then a.candidate_id = :caller_candidate_id::uuid
        else false end
), page as (
    select e.id, e.at, row_number() over (order by e.at, e.id) as n,
        json_compact(json_build_object('id', e.id, 'type', e.type, 'at', rfc3339(e.at),
            'actor', json_build_object('kind', e.actor_kind,
                'name', case when :caller_kind = 'company' or e.actor_kind = 'candidate'
                    then (select n.name from accounts n where n.id = e.account_id) end),
            'from_status', e.from_status, 'to_status', e.to_status, 'reason', e.reason)) as item
    from application_events e
    where e.application_id = (select id from visible)
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
