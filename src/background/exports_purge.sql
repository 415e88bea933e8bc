-- Forgets exports that have expired, at most :limit in one go.
-- @write
select exports_purge(:limit::integer) as out_count
