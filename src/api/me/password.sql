-- Another password for the caller's account. :old_hash: what its present one was verified against.
-- @write
select status, code, problem, body, etag, location
from me_password(:caller_account_id::uuid, :caller_token_id::uuid, :old_hash, :password_hash, :body::jsonb)
