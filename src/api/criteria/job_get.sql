-- The criteria that hold for a vacancy of the caller's company.
-- @read
select status, code, body, etag
from criteria_get(:caller_company_id::uuid, null, :job_id::uuid)
