-- The candidate's documents, newest first; there are twenty at most.
-- @read
with page as (
    select d, d.created_at, d.id, row_number() over (order by d.created_at desc, d.id desc) as n
    from documents d
    where d.candidate_id = :caller_candidate_id::uuid and d.completed_at is not null
        and (d.created_at, d.id) < (keyset_at(:after), keyset_id(:after))
    order by d.created_at desc, d.id desc
    limit :limit::integer + 1
)
select 200 as status,
    coalesce(string_agg(json_compact(document_json(d)), ',' order by n) filter (where n <= :limit::integer), '') as items,
    case when count(*) > :limit::integer
        then max(keyset_text(created_at, id)) filter (where n = :limit::integer) end as next_key
from page
