-- The cards of vacancies that the index found.
-- @read
select k.job_id, k.card
from job_cards k
where k.job_id = any (:ids::uuid[]) and k.status = 'published' and (k.valid_through is null or k.valid_through >= utc_today())
    and k.company_id <> all (array(select id from companies where suspended_at is not null))
