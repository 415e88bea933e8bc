-- Somebody has forgotten the password of an address, or says so.
-- @write
select status, code, problem, body, etag, location
from password_request_reset(:email, :link_id::uuid, :link_hash::bytea)
