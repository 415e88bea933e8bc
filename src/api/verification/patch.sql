-- Writes the patched verification if the company is still the version that was read (409 version_changed: it is not).
-- @write
select status, code, problem, body, etag, location
from verification_patch(:company_id::uuid, :body::jsonb, :version::integer, :if_match::text[])
