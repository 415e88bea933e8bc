-- Whose export it is.
-- @read
select kind from accounts where id = :account::uuid
