-- Stores the same password at a higher cost, unless it changed meanwhile.
-- @write
select password_rehash(:account_id::uuid, :old_hash, :password_hash)
