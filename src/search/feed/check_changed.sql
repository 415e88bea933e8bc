-- Which server this is, whether its log of changes reaches back to the snapshot, and the vacancies that changed since then: at
-- least one row.
-- @slow
select (select system_identifier from pg_control_system()) || '.' || left(pg_walfile_name(pg_current_wal_lsn()), 8) as server,
    p.before > pg_snapshot_xmin(:snapshot::pg_snapshot) as purged, c.job_id
from job_changes_purged p
left join (select distinct job_id from job_changes
    where txid >= pg_snapshot_xmin(:snapshot::pg_snapshot) and not pg_visible_in_snapshot(txid, :snapshot::pg_snapshot)) c on true
