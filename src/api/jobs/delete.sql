-- Deletes a draft without applications.
-- @write
select status, code, problem, body, etag, location
from jobs_delete(:job_id::uuid, :caller_kind, :caller_company_id::uuid, :if_match::text[])
