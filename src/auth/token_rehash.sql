-- Renews the hash of a token that was found under a former master key.
-- @write
select token_rehash(:token_hashes::bytea[])
