-- Deletes log rows that every running server has read long ago, at most :limit in one go.
-- @write
select job_changes_purge('1 hour', :limit::integer) as out_count
