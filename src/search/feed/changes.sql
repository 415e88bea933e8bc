-- One page of the changes that the reader's last snapshot did not show, each vacancy once, with its row as it is now (none:
-- it is not found any more). A transaction may commit long after one that began later, so what is new is told by snapshots,
-- not by order. At least one row comes, for what is said about the page as a whole.
-- @read
with page as materialized (
    select c.txid, c.job_id
    from job_changes c
    where c.txid >= pg_snapshot_xmin(:last::pg_snapshot) and not pg_visible_in_snapshot(c.txid, :last::pg_snapshot)
        and (c.txid, c.job_id) > (:after_txid::xid8, :after_job::uuid)
    order by c.txid, c.job_id
    limit :limit::integer
), tail as (
    select txid, job_id, (select count(*) from page) as changes from page order by txid desc, job_id desc limit 1
)
select pg_current_snapshot() as snapshot,
    (select system_identifier from pg_control_system()) || '.' || left(pg_walfile_name(pg_current_wal_lsn()), 8) as server,
    p.before > pg_snapshot_xmin(:last::pg_snapshot) as purged,
    coalesce(t.changes, 0) as changes, t.txid as last_txid, t.job_id as last_job, c.job_id as changed_id, s.*
from job_changes_purged p
left join tail t on true
left join (select distinct job_id from page) c on true
left join job_search_feed s on s.job_id = c.job_id and :rows::boolean
