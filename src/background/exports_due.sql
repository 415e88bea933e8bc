-- How many exports wait to be made.
-- @read
select exports_due() as out_count
