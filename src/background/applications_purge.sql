-- Takes the persons out of applications whose time is over, at most :limit in one go.
-- @write
select applications_purge(:limit::integer) as out_count
