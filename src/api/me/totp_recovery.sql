-- New recovery codes, after the password and a code; the old ones are void.
-- @write
select status, code, problem, body, etag, location
from me_totp_recovery(:caller_account_id::uuid, :totp_step::bigint, :recovery_hashes::bytea[],
    :new_recovery_hashes::bytea[])
