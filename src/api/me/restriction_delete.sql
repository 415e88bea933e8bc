-- Lifts the restriction.
-- @write
select status, code, problem, body, etag, location
from restriction_delete(:caller_candidate_id::uuid)
