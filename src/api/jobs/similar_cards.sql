-- The cards of the vacancies that the index found, in its order.
-- @read
select coalesce(string_agg(k.card, ',' order by found.n), '') as items
from unnest(:ids::uuid[]) with ordinality as found (id, n)
join job_cards k on k.job_id = found.id
where k.status = 'published' and (k.valid_through is null or k.valid_through >= utc_today())
    and k.company_id <> all (array(select id from companies where suspended_at is not null))
