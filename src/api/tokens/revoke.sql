-- Revokes one of the caller's API tokens.
-- @write
select status, code, problem, body, etag, location
from tokens_revoke(:caller_account_id::uuid, :caller_token_id::uuid, :token_id::uuid)
