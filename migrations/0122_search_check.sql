-- Whether search's rows are what the vacancies say: `segreteria search check`.

create function job_search_differs(s job_search, j jobs, c companies, texts boolean) returns boolean
language plpgsql volatile
as $$
begin
    if texts then
        return job_search_row(j, c, place_of(j.country, j.region, j.city)) is distinct from s;
    end if;
    return (s.version, s.published_at, s.valid_through, s.company_id, s.role, s.employment_type, s.contract, s.work_mode,
            s.confidentiality_level, s.country, s.title)
        is distinct from (j.version, j.published_at, j.valid_through, j.company_id, j.role, j.employment_type, j.contract,
            j.work_mode, j.confidentiality_level, j.country, search_fold(j.title));
end
$$;
comment on function job_search_differs(job_search, jobs, companies, boolean) is
    'Whether a row of job_search is not what its vacancy asks for. texts: every column is made anew and compared, else those that '
    'cost little.';

create function search_check(texts boolean) returns table (job_id uuid, fault text)
language sql volatile
as $$
    select j.id, case when s.job_id is null then 'missing'
        when j.status <> 'published' or not company_searchable(c) then 'extra' else 'different' end
    from jobs j join companies c on c.id = j.company_id left join job_search s on s.job_id = j.id
    where case when j.status <> 'published' or not company_searchable(c) then s.job_id is not null
        when s.job_id is null then not c.search_pending
        else job_search_differs(s, j, c, texts) end
    order by j.id
$$;
comment on function search_check(boolean) is
    'Vacancies whose row of job_search is missing, should not be there, or differs. Those of a company whose suspension was just '
    'lifted come back a few at a time: they are not missing.';
