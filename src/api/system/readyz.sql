-- Whether the database answers and takes writes.
-- @read
select case when pg_is_in_recovery() then 503 else 200 end as status
