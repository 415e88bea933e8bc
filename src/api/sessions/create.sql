-- Opens a session for an account whose password has been verified, and whose code if it has a second factor.
-- @write
select status, code, problem, body, etag, location
from sessions_create(:account_id::uuid, :new_id::uuid, :access_hash::bytea, :refresh_hash::bytea,
    :totp_step::bigint, :recovery_hashes::bytea[])
