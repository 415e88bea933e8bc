-- Replaces the candidate's profile.
-- @write
select status, code, problem, body, etag, location
from profile_put(:caller_account_id::uuid, :body::jsonb, :if_match::text[], :lang)
