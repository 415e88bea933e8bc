-- Vacancies whose row of job_search is not what it should be.
-- @slow
select job_id, fault from search_check(:texts::boolean)
