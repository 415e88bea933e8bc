-- Accepts an invitation: as the account that is signed in, or with a new one.
-- @write
select status, code, problem, body, etag, location
from invitations_accept(link_hash_stored(:link_hashes::bytea[]), :caller_account_id::uuid, :new_id::uuid, :name, :password_hash,
    :access_hash::bytea, :refresh_hash::bytea, :lang)
