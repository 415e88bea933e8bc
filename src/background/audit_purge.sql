-- Removes rows of the audit trail whose time is over, at most :limit in one go.
-- @write
select audit_purge(:days::integer, :limit::integer) as out_count
