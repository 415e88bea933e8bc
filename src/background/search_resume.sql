-- Brings vacancies of a company whose suspension was lifted back into search, at most :limit in one go.
-- @write
select job_search_resume_some(:limit::integer) as out_count
