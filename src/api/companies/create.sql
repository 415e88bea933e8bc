-- Registers a company with its owner. The password arrives as :password_hash, the session's tokens as hashes, the link that
-- verifies the owner's address as its id and hash.
-- @write
select status, code, problem, body, etag, location
from companies_register(:new_id::uuid, :body::jsonb, :password_hash, :access_hash::bytea, :refresh_hash::bytea,
    :lang, :link_id::uuid, :link_hash::bytea)
