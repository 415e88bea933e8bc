-- Opens a session for an account whose password has been verified.
-- @write
select status, code, problem, body, etag, location
from sessions_create(:account_id::uuid, :new_id::uuid, :access_hash::bytea, :refresh_hash::bytea)
