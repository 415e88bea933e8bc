-- A link for a new password came back; the password arrives as :password_hash.
-- @write
select status, code, problem, body, etag, location
from password_reset(:link_hashes::bytea[], :password_hash)
