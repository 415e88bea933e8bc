-- Removes uploads that broke off an hour ago, and links to documents of the day before, at most :limit in one go.
-- @write
select documents_purge(:limit::integer) as out_count
