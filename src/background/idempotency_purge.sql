-- Removes stored answers older than a day, at most :limit in one go.
-- @write
select idempotency_purge(:limit::integer) as out_count
