-- The caller's sessions that can still be used, newest first.
-- Slow where most rows are passed over: everybody's reads would wait behind it.
-- @slow
with page as (
    select s.id, s.created_at, json_compact(session_json(s, :caller_token_id::uuid)) as item,
        row_number() over (order by s.created_at desc, s.id desc) as n
    from sessions s
    where s.account_id = :caller_account_id::uuid and session_is_open(s)
        and (s.created_at, s.id) < (keyset_at(:after), keyset_id(:after))
    order by s.created_at desc, s.id desc
    limit :limit::integer + 1
)
select 200 as status,
    coalesce(string_agg(item, ',' order by n) filter (where n <= :limit::integer), '') as items,
    case when count(*) > :limit::integer
        then max(keyset_text(created_at, id)) filter (where n = :limit::integer) end as next_key
from page
