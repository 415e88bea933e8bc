-- Every vacancy published in [from, until), in the order the index is built in. Sent in binary, which spares PostgreSQL writing
-- the words as text and the server reading them: everything else is text as it is in the log's rows.
-- @slow
select job_id::text, published_us::text, valid_day::text, dictionary::text, office_days::text, latitude::text, longitude::text,
    salary_currency, salary_low::text, salary_high::text, role, employment_type, contract, work_mode, confidentiality_level,
    country, region, city, company_id::text, languages, language_levels, language_musts, tools, soft_skills, duties, words
from job_search_feed
where published_at >= :from::timestamptz and published_at < :until::timestamptz
order by published_at, job_search_feed.job_id
