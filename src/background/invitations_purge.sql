-- Removes invitations that have been over for 30 days, at most :limit in one go.
-- @write
select invitations_purge(:limit::integer) as out_count
