-- The caller's own account, with its company or candidate.
-- offset 0: the body is made once, and not again for its entity tag.
-- @read
select 200 as status, body, etag_of(body) as etag
from (select json_compact(account_json(:caller_account_id::uuid)) as body offset 0) as found
where body is not null
