-- The rows of the vacancies that are published already. Locked while it runs: one that changes meanwhile waits, and then
-- puts its own row in place.
do $$
begin
    perform from jobs j join companies c on c.id = j.company_id where j.status = 'published' order by j.id for share;
    perform job_search_store(j, c) from jobs j join companies c on c.id = j.company_id
        where j.status = 'published' order by j.id;
end
$$;
