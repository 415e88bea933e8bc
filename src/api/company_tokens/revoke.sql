-- Revokes an API token that acts for the caller's company.
-- @write
select status, code, problem, body, etag, location
from company_tokens_revoke(:caller_company_id::uuid, :token_id::uuid)
