-- Sends the message that verifies the caller's address once more.
-- @write
select status, code, problem, body, etag, location
from email_verification(:caller_account_id::uuid, :link_id::uuid, :link_hash::bytea)
