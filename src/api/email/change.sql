-- The caller, whose password has been verified, asks for another address.
-- @write
select status, code, problem, body, etag, location
from email_change(:caller_account_id::uuid, :email, :lang, :link_id::uuid, :link_hash::bytea)
