-- Registers a candidate. The password arrives as :password_hash, the session's tokens as hashes.
-- @write
select status, code, problem, body, etag, location
from candidates_create(:new_id::uuid, :body::jsonb, :password_hash, :access_hash::bytea, :refresh_hash::bytea)
