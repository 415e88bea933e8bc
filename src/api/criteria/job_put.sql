-- Replaces the criteria of a vacancy of the caller's company.
-- @write
select status, code, problem, body, etag, location
from criteria_put(:caller_company_id::uuid, null, :job_id::uuid, :body::jsonb, :if_match::text[], :lang)
