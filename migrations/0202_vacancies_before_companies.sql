-- A change to a vacancy locks the vacancy and then its company (jobs_check_client, jobs_render); an application, the vacancy and
-- then the company. What changes a company and thereby vacancies locked the company first and then the vacancies: two such at
-- once waited for each other, until PostgreSQL ended one of them after a second and it was run again. Now all lock
-- vacancies before their company.

create function company_vacancies_lock(company uuid) returns void
language sql volatile
as $$
    select from jobs j
    where j.company_id = company and j.status = 'published' and j.confidential_client
    order by j.id for update
$$;
comment on function company_vacancies_lock(uuid) is
    'Locks the vacancies that pause when the company is no verified agency any more: before the company itself is locked.';

create or replace function verification_patch(company uuid, body jsonb, expected integer, if_match text[]) returns op_result
language plpgsql volatile
as $$
declare
    c companies;
    document text;
begin
    perform company_vacancies_lock(company);
    select * into c from companies where id = company for update;
    if not found then
        return op_problem(404, 'not_found');
    elsif not etag_matches(if_match, etag_of(json_compact(verification_json(c)))) then
        return op_problem(412, 'precondition_failed');
    elsif c.version <> expected then
        return op_problem(409, 'version_changed');
    end if;
    if (c.verification, c.verification_method, c.verification_note)
            is distinct from (body ->> 'status', body ->> 'method', body ->> 'note') then
        update companies set verification = body ->> 'status', verification_method = body ->> 'method',
            verification_note = body ->> 'note', verification_changed_at = now(), updated_at = now(), version = version + 1
        where id = company returning * into c;
    end if;
    document := json_compact(verification_json(c));
    return op_ok(200, document, etag_of(document), null);
end
$$;

create or replace function companies_patch(company uuid, caller_company uuid, caller_kind text, body jsonb, expected integer,
                                           if_match text[]) returns op_result
language plpgsql volatile
as $$
declare
    c companies;
    document text;
begin
    if caller_kind = 'operator' or company = caller_company then
        perform company_vacancies_lock(company);
    end if;
    select * into c from companies where id = company for update;
    if not found then
        return op_problem(404, 'not_found');
    elsif caller_kind <> 'operator' and company is distinct from caller_company then
        return op_problem(403, 'forbidden');
    elsif not etag_matches(if_match, etag_of(json_compact(company_json(c)))) then
        return op_problem(412, 'precondition_failed');
    elsif c.version <> expected then
        return op_problem(409, 'version_changed');
    end if;
    if company_editable(c) <> jsonb_strip_nulls(body) then
        update companies set
            kind = body ->> 'kind', legal_name = body ->> 'legal_name', name = body ->> 'name',
            country = body ->> 'country', vat_id = body ->> 'vat_id', website = body ->> 'website',
            corporate_group = body ->> 'group',
            verified_at = case when (legal_name, name, country, vat_id) is not distinct from
                (body ->> 'legal_name', body ->> 'name', body ->> 'country', body ->> 'vat_id') then verified_at end,
            updated_at = now(), version = version + 1
        where id = company returning * into c;
    end if;
    document := json_compact(company_json(c));
    return op_ok(200, document, etag_of(document), null);
end
$$;
