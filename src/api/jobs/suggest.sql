-- Completions of what has been typed.
-- @slow
select 200 as status, jobs_suggest(:q, :limit::integer, :lang) as body
