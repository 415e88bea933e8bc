-- Writes the patched account if it is still the version that was read (409 version_changed: it is not).
-- @write
select status, code, problem, body, etag, location
from me_patch(:caller_account_id::uuid, :body::jsonb, :version::integer, :if_match::text[])
