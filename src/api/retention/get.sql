-- How long the company keeps applications.
-- @read
select status, code, problem, body, etag, location
from retention_get(:company_id::uuid, :caller_company_id::uuid)
