-- The end of the caller's account. :old_hash: what its password was verified against.
-- @write
select status, code, problem, body, etag, location
from me_delete(:caller_account_id::uuid, :old_hash, :new_id::uuid, :totp_step::bigint, :recovery_hashes::bytea[], :issuer,
    :signing_key_id, :signing_key::bytea)
