-- A new pair of tokens for a refresh token (:token_hash); a used one ends the session.
-- @write
select status, code, problem, body, etag, location
from sessions_refresh(:token_hash::bytea, :access_hash::bytea, :refresh_hash::bytea)
