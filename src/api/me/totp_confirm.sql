-- The authenticator has shown a right code (:totp_step; NULL: a wrong one).
-- @write
select status, code, problem, body, etag, location
from me_totp_confirm(:caller_account_id::uuid, :totp_step::bigint, :new_recovery_hashes::bytea[])
