-- This instance has ended.
-- @write
select instance_gone(:instance::uuid)
