-- Ends every session of the caller's account but its own.
-- @write
select status, code, problem, body, etag, location
from sessions_end_others(:caller_account_id::uuid, :caller_token_id::uuid)
