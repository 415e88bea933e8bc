-- Removes messages that were sent or given up long ago, and links that have expired, at most :limit in one go.
-- @write
select mail_purge(:limit::integer) as out_count
