-- Whether an invitation can be accepted by whom it was sent to: before a password is hashed for it.
-- @read
select status, code from invitation_check(link_hash_stored(:link_hashes::bytea[]), null)
