-- Sets how long the company keeps applications.
-- @write
select status, code, problem, body, etag, location
from retention_put(:company_id::uuid, :caller_company_id::uuid, :body::jsonb, :if_match::text[])
