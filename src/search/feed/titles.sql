-- The titles that are suggested, those that are alike together.
-- @slow
select n.job_id, (extract(epoch from n.published_at) * 1000000)::bigint as published_us, n.title as key, j.title as label
from suggest_newest() as n join jobs j on j.id = n.job_id
order by n.title collate "C", j.title collate "C"
