-- Counts an attempt to give a password, before it is looked at. retry_after: refused for so many seconds; else what to verify
-- the password against (no account_id: unknown or disabled).
-- @write
select retry_after, login, known, device, account_id, password_hash
from sign_in_attempt(:login, :account_id::uuid, :address, :device_hashes::bytea[])
