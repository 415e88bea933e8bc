-- Who is to see the candidate.
-- @write
select status, code, problem, body, etag, location
from visibility_put(:caller_candidate_id::uuid, :body::jsonb, :if_match::text[])
