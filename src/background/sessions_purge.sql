-- Removes sessions that ended or whose last refresh token ran out more than 30 days ago, at most :limit in one go.
-- @write
select sessions_purge(:limit::integer) as out_count
