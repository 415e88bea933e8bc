-- Ends the second factor, after the password and a code.
-- @write
select status, code, problem, body, etag, location
from me_totp_delete(:caller_account_id::uuid, :totp_step::bigint, :recovery_hashes::bytea[])
