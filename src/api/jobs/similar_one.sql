-- The vacancy that others are compared with, as the index in memory compares. No row (404): it is not published.
-- @read
select s.job_id as id, s.role, s.city, s.region, s.country, s.work_mode, s.employment_type, s.dictionary,
    array_to_string(tsvector_to_array(ts_filter(s.words, '{a}')), chr(31)) as title,
    array_to_string(s.tools, chr(31)) as tools,
    array_to_string(array(select distinct unnest(s.languages)), chr(31)) as languages,
    array_to_string(s.soft_skills, chr(31)) as soft_skills, array_to_string(s.duties, chr(31)) as duties
from job_search s
where s.job_id = :job_id::uuid and (s.valid_through is null or s.valid_through >= utc_today())
