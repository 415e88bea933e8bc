-- Where a load begins: the snapshot from which the log is followed afterwards, and a time in the middle of the vacancies, so
-- that two connections read half of them each.
-- @slow
select pg_current_snapshot() as snapshot,
    (select system_identifier from pg_control_system()) || '.' || left(pg_walfile_name(pg_current_wal_lsn()), 8) as server,
    n.vacancies, coalesce((select s.published_at from job_search s order by s.published_at desc, s.job_id desc
        offset n.vacancies / 2 limit 1), '2000-01-01') as middle
from (select count(*) as vacancies from job_search) as n
