-- Keeps a sealed secret for an authenticator, until it is confirmed or replaced.
-- @write
select status, code, problem, body, etag, location
from me_totp_start(:caller_account_id::uuid, :old_hash, :sealed::bytea)
