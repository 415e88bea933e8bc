-- The caller's own account, with its company or candidate.
-- @read
select 200 as status, body, etag_of(body) as etag
from (select json_compact(account_json(:caller_account_id::uuid)) as body) as found
where body is not null
