-- The published vacancies most like one. No row (404): that one is not published.
-- @slow
select status, items, null as next_key from jobs_similar(:job_id::uuid, :limit::integer) where status is not null
