-- Ends one of the caller's sessions.
-- @write
select status, code, problem, body, etag, location
from sessions_end(:caller_account_id::uuid, :caller_token_id::uuid, :session_id::uuid)
