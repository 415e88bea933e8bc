-- Takes the caller's own rating back.
-- @write
select status, code, problem, body, etag, location
from ratings_delete(:caller_company_id::uuid, :caller_account_id::uuid, :application_id::uuid, :criterion)
