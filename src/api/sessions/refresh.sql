-- A new pair of tokens for a refresh token (one of :token_hashes); a used one ends the session.
-- @write
select status, code, problem, body, etag, location
from sessions_refresh(refresh_hash_stored(:token_hashes::bytea[]), :access_hash::bytea, :refresh_hash::bytea)
