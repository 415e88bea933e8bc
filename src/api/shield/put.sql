-- Replaces the list of companies that never see the candidate.
-- @write
select status, code, problem, body, etag, location
from shield_put(:caller_candidate_id::uuid, :body::jsonb, :if_match::text[], :lang)
