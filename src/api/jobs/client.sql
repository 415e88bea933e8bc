-- The client of a vacancy that does not name it; the audit trail keeps that it was read.
-- @recorded
select status, code, problem, body, etag
from jobs_client(:job_id::uuid, :caller_kind, :caller_company_id::uuid)
