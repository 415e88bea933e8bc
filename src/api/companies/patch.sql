-- Writes the patched company if it is still the version that was read (409 version_changed: it is not).
-- @write
select status, code, problem, body, etag, location
from companies_patch(:company_id::uuid, :caller_company_id::uuid, :caller_kind, :body::jsonb, :version::integer,
    :if_match::text[])
