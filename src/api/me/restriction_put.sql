-- Restricts the processing of the caller's data.
-- @write
select status, code, problem, body, etag, location
from restriction_put(:caller_candidate_id::uuid, :body::jsonb, :if_match::text[])
