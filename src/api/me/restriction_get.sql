-- Whether the caller's data is restricted.
-- @read
select 200 as status, body, etag_of(body) as etag
from (select restriction_document(:caller_candidate_id::uuid) as body offset 0) as found
where body is not null
