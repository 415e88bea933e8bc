-- What the text of a vacancy may not say stops its publishing like every other rule, and an ad in a country that asks for it
-- says, in its own language, that it is open to everybody. The text is examined by the server (src/lint); what it found
-- comes as an argument, [{pointer, code, detail, article, suggestion, words, start, length, severity, countries}].

alter table country_rules add column equal_opportunity boolean not null default false;
comment on column country_rules.equal_opportunity is 'Whether an ad there says that it is open to either sex.';
update country_rules set equal_opportunity = true where country = 'IT';

create table equal_opportunity_statements (
    language text primary key,
    text     text not null,
    constraint equal_opportunity_statements_language_form check (language ~ '^[a-z]{2,3}$')
);
comment on table equal_opportunity_statements is
    'What an ad says of its openness (art. 27 D.Lgs. 198/2006), by primary language subtag; en for the languages not here.';
insert into equal_opportunity_statements (language, text) values
    ('it', 'La ricerca è aperta a persone di ogni genere, nel rispetto del D.Lgs. 198/2006, e di ogni età e provenienza, nel rispetto dei D.Lgs. 215/2003 e 216/2003.'),
    ('en', 'This vacancy is open to people of every gender (Italian Legislative Decree 198/2006), age and origin (Legislative Decrees 215/2003 and 216/2003).'),
    ('de', 'Diese Stelle steht Menschen jeden Geschlechts offen (italienisches Gesetzesdekret 198/2006), jeden Alters und jeder Herkunft (Gesetzesdekrete 215/2003 und 216/2003).'),
    ('fr', 'Ce poste est ouvert aux personnes de tout genre (décret législatif italien 198/2006), de tout âge et de toute origine (décrets législatifs 215/2003 et 216/2003).'),
    ('es', 'Este puesto está abierto a personas de cualquier género (Decreto Legislativo italiano 198/2006), edad y procedencia (Decretos Legislativos 215/2003 y 216/2003).');

create function equal_opportunity_statement(country text, language text) returns text
language sql stable
as $$
    select s.text
    from country_rules r
    join equal_opportunity_statements s on s.language in (lower(split_part(equal_opportunity_statement.language, '-', 1)),
        case when equal_opportunity_statement.language is null and r.country = 'IT' then 'it' else 'en' end)
    where r.country = equal_opportunity_statement.country and r.equal_opportunity
    order by s.language = lower(split_part(equal_opportunity_statement.language, '-', 1)) desc nulls last
    limit 1
$$;
comment on function equal_opportunity_statement(text, text) is
    'The statement of an ad for work in the country, in its language; NULL where none is asked for.';

create function job_lint(findings jsonb, country text, stops boolean) returns jsonb
language sql immutable
as $$
    select coalesce(jsonb_agg(f - 'severity' - 'countries' order by n), '[]')
    from jsonb_array_elements(findings) with ordinality as e (f, n)
    where (f ->> 'severity' = 'error' and f -> 'countries' ? job_lint.country) = stops
$$;
comment on function job_lint(jsonb, text, boolean) is
    'Of what was found in the text: what stops publishing in the country, or (stops false) what is only a warning there.';

create or replace function job_document(j jobs, c companies) returns text
language plpgsql stable
as $$
declare
    occupation text := j.occupation;
begin
    if occupation is null then
        select esco into occupation from roles where code = j.role;
    end if;
    return json_compact(json_build_object(
        'id', j.id, 'company', job_company_json(c), 'reference', j.reference, 'title', j.title,
        'description', j.description, 'equal_opportunity_statement',
        equal_opportunity_statement(coalesce(j.country, c.country), j.language),
        'language', j.language, 'role', j.role, 'occupation', occupation,
        'employment_type', j.employment_type, 'contract', j.contract, 'work_mode', j.work_mode,
        'office_days_per_week', j.office_days_per_week, 'location', job_location_json(j), 'salary', job_salary_json(j),
        'collective_agreement', job_agreement_json(j), 'languages', j.languages, 'tools', j.tools,
        'soft_skills', j.soft_skills, 'experience_years_min', j.experience_years_min, 'principals', j.principals,
        'travel_percent', j.travel_percent, 'confidentiality_level', j.confidentiality_level, 'duties', j.duties,
        'questions', j.questions, 'openings', j.openings, 'start_date', j.start_date, 'valid_through', j.valid_through,
        'response_promise_days', j.response_promise_days, 'status', j.status, 'close_reason', j.close_reason,
        'published_at', rfc3339(j.published_at), 'created_at', rfc3339(j.created_at),
        'updated_at', rfc3339(j.updated_at), 'version', j.version));
end
$$;

-- What is stored already gets its statement; the same happens when a company moves and its vacancies name no country.
create function job_documents_render(company uuid) returns void
language sql volatile
as $$
    update job_documents d set document = fresh.document, etag = etag_of(fresh.document)
    from (
        select j.id, job_document(j, c) as document from jobs j join companies c on c.id = j.company_id
        where company is null and coalesce(j.country, c.country) in (select country from country_rules where equal_opportunity)
            or j.company_id = company and j.country is null
    ) as fresh
    where d.job_id = fresh.id and d.document <> fresh.document
$$;
comment on function job_documents_render(uuid) is
    'Makes stored documents anew: a company''s that depend on its country, or (NULL) all that carry a statement.';
select job_documents_render(null);

create function companies_render_statements() returns trigger
language plpgsql
as $$
begin
    perform job_documents_render(new.id);
    return null;
end
$$;
create trigger companies_render_statements after update of country on companies for each row
    when (old.country is distinct from new.country) execute function companies_render_statements();

drop function jobs_create(uuid, uuid, uuid, jsonb, text);
create function jobs_create(company uuid, account uuid, new_id uuid, body jsonb, lang text, lint jsonb) returns op_result
language plpgsql volatile
as $$
declare
    j jobs;
    requested text := coalesce(body ->> 'status', 'draft');
    company_country text := (select country from companies where id = company);
    errors jsonb;
begin
    if requested <> 'draft' and not exists (select from job_transitions
            where from_status = 'draft' and to_status = requested and actor = 'company') then
        return job_transition_problem('draft', requested, 'company');
    end if;
    j.id := new_id;
    j.company_id := company;
    j := job_assign(j, body);
    j.status := requested;
    j.created_at := now();
    j.updated_at := now();
    j.published_at := case when requested = 'published' then now() end;
    j.version := 1;
    errors := job_problems(j, company_country, lang, lint);
    if errors <> '[]' then
        return op_invalid(errors);
    end if;
    insert into jobs select (j).* on conflict (company_id, reference) do nothing;
    if not found then
        return op_problem(409, 'reference_taken', jsonb_build_object('job_id',
            (select id from jobs where company_id = company and reference = j.reference)));
    end if;
    insert into job_events (job_id, actor_kind, account_id, type, to_status, version)
    values (new_id, 'company', account, 'created', requested, 1);
    return job_result(new_id, 201, '/v1/jobs/' || new_id);
end
$$;
comment on function jobs_create(uuid, uuid, uuid, jsonb, text, jsonb) is 'POST /v1/jobs: a draft, or published at once.';

create function job_problems(j jobs, company_country text, lang text, lint jsonb) returns jsonb
language sql stable
as $$
    select job_violations(j, company_country, lang) || case when j.status in ('published', 'in_review')
        then job_lint(lint, coalesce(j.country, company_country), true) else '[]' end
$$;
comment on function job_problems(jobs, text, text, jsonb) is
    'Every rule the vacancy breaks: what SQL checks, and, where it is to be public, what its text may not say.';

create function jobs_validate(company uuid, body jsonb, lang text, lint jsonb) returns op_result
language plpgsql stable
as $$
declare
    j jobs;
    company_country text := (select country from companies where id = company);
    country text;
    errors jsonb;
begin
    j.company_id := company;
    j := job_assign(j, body);
    j.status := 'published';
    country := coalesce(j.country, company_country);
    errors := job_problems(j, company_country, lang, lint);
    return op_ok(200, json_compact(json_build_object('publishable', errors = '[]', 'errors', errors,
        'warnings', job_lint(lint, country, false),
        'equal_opportunity_statement', equal_opportunity_statement(country, j.language))));
end
$$;
comment on function jobs_validate(uuid, jsonb, text, jsonb) is
    'POST /v1/jobs/validate: what publishing this vacancy would be refused for, and what it is warned of.';

drop function job_replace(jobs, text, uuid, jsonb, text, text);
create function job_replace(old jobs, actor text, account uuid, body jsonb, lang text, lint jsonb, location text default null)
returns op_result
language plpgsql volatile
as $$
declare
    j jobs;
    errors jsonb;
begin
    old := job_expire_if_over(old);
    j := job_assign(old, body);
    j.status := coalesce(body ->> 'status', old.status);
    if j.status <> old.status and not exists (select from job_transitions t
            where t.from_status = old.status and t.to_status = j.status and t.actor = job_replace.actor) then
        return job_transition_problem(old.status, j.status, actor);
    end if;
    errors := job_problems(j, (select country from companies where id = old.company_id), lang, lint);
    if errors <> '[]' then
        return op_invalid(errors);
    end if;
    if j.status = old.status and job_editable(j) = job_editable(old) then
        return job_result(old.id, 200, location);
    end if;
    if j.reference is distinct from old.reference
       and exists (select from jobs where company_id = old.company_id and reference = j.reference) then
        return op_problem(409, 'reference_taken', jsonb_build_object('job_id',
            (select id from jobs where company_id = old.company_id and reference = j.reference)));
    end if;
    update jobs set reference = j.reference, title = j.title, description = j.description, language = j.language,
        role = j.role, occupation = j.occupation, employment_type = j.employment_type, contract = j.contract,
        work_mode = j.work_mode, office_days_per_week = j.office_days_per_week, country = j.country, region = j.region,
        city = j.city, postal_code = j.postal_code, latitude = j.latitude, longitude = j.longitude,
        salary_min = j.salary_min, salary_max = j.salary_max, salary_currency = j.salary_currency,
        salary_unit = j.salary_unit, salary_payments = j.salary_payments, agreement_code = j.agreement_code,
        agreement_level = j.agreement_level, languages = j.languages, tools = j.tools, soft_skills = j.soft_skills,
        experience_years_min = j.experience_years_min, principals = j.principals, travel_percent = j.travel_percent,
        confidentiality_level = j.confidentiality_level, duties = j.duties, questions = j.questions,
        openings = j.openings, start_date = j.start_date, valid_through = j.valid_through,
        response_promise_days = j.response_promise_days, status = j.status, close_reason = j.close_reason,
        published_at = case when j.status = 'published' then coalesce(published_at, now()) else published_at end,
        updated_at = now(), version = version + 1
    where id = old.id;
    insert into job_events (job_id, actor_kind, account_id, type, from_status, to_status, version)
    values (old.id, actor, account, case when j.status <> old.status then 'status_changed' else 'updated' end,
        old.status, j.status, old.version + 1);
    return job_result(old.id, 200, location);
end
$$;
comment on function job_replace(jobs, text, uuid, jsonb, text, jsonb, text) is
    'Replaces the editable part of a locked vacancy. What changes nothing keeps version, entity tag and time.';

drop function jobs_patch(uuid, text, uuid, uuid, jsonb, integer, text[], text);
create function jobs_patch(job uuid, caller_kind text, caller_company uuid, account uuid, body jsonb, expected integer,
                           if_match text[], lang text, lint jsonb) returns op_result
language plpgsql volatile
as $$
declare
    j jobs;
    tag text;
begin
    select * into j from jobs where id = job for update;
    if not found then
        return op_problem(404, 'not_found');
    elsif caller_kind <> 'operator' and j.company_id is distinct from caller_company then
        return case when job_state(j.status, j.valid_through) = 'published'
            then op_problem(403, 'forbidden') else op_problem(404, 'not_found') end;
    end if;
    select job_etag_today(etag, j.status, j.valid_through) into tag from job_documents where job_id = job;
    if not etag_matches(if_match, tag) then
        return op_problem(412, 'precondition_failed');
    elsif j.version <> expected then
        return op_problem(409, 'version_changed');
    end if;
    return job_replace(j, caller_kind, account, body, lang, lint);
end
$$;
comment on function jobs_patch(uuid, text, uuid, uuid, jsonb, integer, text[], text, jsonb) is
    'PATCH /v1/jobs/{job_id} with the whole patched document. 409 version_changed: not the version that was read; read again.';

drop function jobs_put(uuid, text, uuid, uuid, uuid, jsonb, text[], boolean, text);
create function jobs_put(company uuid, ref text, caller_company uuid, account uuid, new_id uuid, body jsonb,
                         if_match text[], if_none_match_star boolean, lang text, lint jsonb) returns op_result
language plpgsql volatile
as $$
declare
    j jobs;
    tag text;
    result op_result;
begin
    if company is distinct from caller_company then
        return op_problem(403, 'forbidden');
    elsif body ->> 'reference' <> ref then
        return op_invalid(violations('[{"pointer": "/reference", "code": "reference_not_path"}]', lang));
    end if;
    body := body || jsonb_build_object('reference', ref);
    loop
        select * into j from jobs where company_id = company and reference = ref for update;
        if found then
            select job_etag_today(etag, j.status, j.valid_through) into tag from job_documents where job_id = j.id;
            if if_none_match_star or not etag_matches(if_match, tag) then
                return op_problem(412, 'precondition_failed');
            end if;
            return job_replace(j, 'company', account, body, lang, lint, '/v1/jobs/' || j.id);
        elsif if_match is not null then
            return op_problem(412, 'precondition_failed');
        end if;
        result := jobs_create(company, account, new_id, body, lang, lint);
        -- Somebody else created it in between: now there is one to replace.
        exit when result.code is distinct from 'reference_taken';
    end loop;
    return result;
end
$$;
comment on function jobs_put(uuid, text, uuid, uuid, uuid, jsonb, text[], boolean, text, jsonb) is
    'PUT by the company''s own reference: 201 created or 200 replaced.';

drop function jobs_batch_line(bytea, uuid, uuid, uuid, jsonb, text);
create function jobs_batch_line(token_hash bytea, company uuid, account uuid, new_id uuid, body jsonb, lang text, lint jsonb)
returns op_result
language plpgsql volatile
as $$
begin
    if not batch_token_holds(token_hash, company) then
        return op_problem(401, 'invalid_token');
    end if;
    return (
        select case when body ? 'reference'
            then jobs_put(company, body ->> 'reference', company, account, new_id, body, null, false, lang, lint)
            else jobs_create(company, account, new_id, body, lang, lint) end
    );
end
$$;
comment on function jobs_batch_line(bytea, uuid, uuid, uuid, jsonb, text, jsonb) is
    'One line of a batch: with a reference create or replace, without one create.';
