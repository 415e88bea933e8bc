-- Writes the expiry of vacancies whose last day has passed, at most :limit in one go.
-- @write
select jobs_expire(:limit::integer) as out_count
