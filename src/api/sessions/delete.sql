-- Logs out: ends the caller's session. 404 for a caller that came with an API token.
-- @write
select status, code, problem, body, etag, location
from sessions_delete(:caller_token_id::uuid, :caller_account_id::uuid)
