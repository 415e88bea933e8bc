-- Writes the patched vacancy if it is still the version that was read (409 version_changed: it is not).
-- @write
select status, code, problem, body, etag, location
from jobs_patch(:job_id::uuid, :caller_kind, :caller_company_id::uuid, :caller_account_id::uuid, :body::jsonb,
    :version::integer, :if_match::text[], :lang, :lint::jsonb)
