-- The link sent to a new address came back.
-- @write
select status, code, problem, body, etag, location
from email_confirm(:link_hashes::bytea[])
