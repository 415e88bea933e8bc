-- Applications to a vacancy side by side; the audit trail keeps whom the member saw.
-- Slow: up to twenty profiles, answers and ratings. Everybody's writes would wait behind it.
-- @recorded slow
select status, code, body, etag
from applications_compare(:caller_company_id::uuid, :job_id::uuid, :ids::uuid[])
