-- A verification link came back.
-- @write
select status, code, problem, body, etag, location
from email_verify(:link_hashes::bytea[])
