-- The export that the caller asked for last.
-- @read
select 200 as status, json_compact(export_json(e)) as body, etag_of(json_compact(export_json(e))) as etag
from exports e where e.account_id = :caller_account_id::uuid
order by e.requested_at desc limit 1
