-- Moves many applications of the caller's company, each as if it came alone, in one transaction.
-- @write
select status, code, problem, body, etag, location
from applications_bulk(:caller_company_id::uuid, :caller_account_id::uuid, :body::jsonb, :problems::jsonb)
