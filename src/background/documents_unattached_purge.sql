-- Removes documents of two years ago that are with no application, at most :limit in one go.
-- @write
select documents_unattached_purge(:limit::integer) as out_count
