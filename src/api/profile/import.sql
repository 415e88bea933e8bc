-- Replaces the candidate's profile by a JSON Resume document.
-- @write
select status, code, problem, body, etag, location
from profile_import(:caller_account_id::uuid, :body::jsonb, :if_match::text[], :lang)
