-- A vacancy as JSON: the public document, the listing card, the editable form, and the triggers that keep the stored texts.

-- The status a reader sees: open vacancies end with their last day, whether or not anything has written it yet.
create function job_state(status text, valid_through date) returns text
language sql stable parallel safe
as $$
    select case when status in ('published', 'paused') and valid_through < utc_today() then 'expired' else status end
$$;
comment on function job_state(text, date) is 'The status as of today.';

-- The stored texts hold the written status. "status" is a key of theirs once, at the top level, and a quote inside a
-- string is always escaped, so the replacement can hit nothing else.
create function job_text_today(stored text, status text, valid_through date) returns text
language sql stable parallel safe
as $$
    select case when status in ('published', 'paused') and valid_through < utc_today()
        then replace(stored, '"status":"' || status || '"', '"status":"expired"') else stored end
$$;
comment on function job_text_today(text, text, date) is 'A stored document or card with the status as of today.';

create function job_etag_today(etag text, status text, valid_through date) returns text
language sql stable parallel safe
as $$
    select case when status in ('published', 'paused') and valid_through < utc_today() then etag || 'x' else etag end
$$;
comment on function job_etag_today(text, text, date) is 'The entity tag of what job_text_today gives.';

create function job_location_json(j jobs) returns json
language sql stable
as $$
    select case when num_nonnulls(j.country, j.region, j.city, j.postal_code, j.latitude) > 0 then json_build_object(
        'country', j.country, 'region', j.region, 'city', j.city, 'postal_code', j.postal_code,
        'latitude', j.latitude, 'longitude', j.longitude) end
$$;

create function job_salary_json(j jobs) returns json
language sql stable
as $$
    select case when num_nonnulls(j.salary_min, j.salary_max, j.salary_currency, j.salary_unit) > 0 then json_build_object(
        'min', j.salary_min, 'max', j.salary_max, 'currency', j.salary_currency, 'unit', j.salary_unit,
        'payments', j.salary_payments) end
$$;

create function job_agreement_json(j jobs) returns json
language sql stable
as $$
    select case when j.agreement_code is not null then json_build_object(
        'code', j.agreement_code, 'level', j.agreement_level) end
$$;

create function job_company_json(c companies) returns json
language sql stable
as $$
    select json_build_object('id', c.id, 'name', c.name, 'kind', c.kind, 'verified', c.verified_at is not null)
$$;

create function job_document(j jobs, c companies) returns text
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
        'description', j.description, 'language', j.language, 'role', j.role, 'occupation', occupation,
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
comment on function job_document(jobs, companies) is 'The vacancy as everybody who may see it gets it; order as in the contract.';

create function job_card(j jobs, c companies) returns text
language plpgsql stable
as $$
begin
    return json_compact(json_build_object(
        'id', j.id, 'company', job_company_json(c), 'reference', j.reference, 'title', j.title, 'language', j.language,
        'role', j.role, 'employment_type', j.employment_type, 'contract', j.contract, 'work_mode', j.work_mode,
        'office_days_per_week', j.office_days_per_week, 'location', job_location_json(j), 'salary', job_salary_json(j),
        'languages', j.languages, 'confidentiality_level', j.confidentiality_level, 'openings', j.openings, 'valid_through', j.valid_through,
        'response_promise_days', j.response_promise_days, 'status', j.status,
        'published_at', rfc3339(j.published_at), 'created_at', rfc3339(j.created_at),
        'updated_at', rfc3339(j.updated_at), 'version', j.version));
end
$$;
comment on function job_card(jobs, companies) is 'The vacancy as a listing shows it.';

-- What PATCH merges into and PUT replaces, as the company wrote it: nothing derived. A status that a company cannot ask
-- for is left out, and a missing status means: as it is.
create function job_editable(j jobs) returns jsonb
language plpgsql stable
as $$
begin
    return jsonb_strip_nulls(jsonb_build_object(
        'reference', j.reference, 'title', j.title, 'description', j.description, 'language', j.language, 'role', j.role,
        'occupation', j.occupation, 'employment_type', j.employment_type, 'contract', j.contract,
        'work_mode', j.work_mode, 'office_days_per_week', j.office_days_per_week, 'location', job_location_json(j),
        'salary', job_salary_json(j), 'collective_agreement', job_agreement_json(j), 'languages', j.languages,
        'tools', j.tools, 'soft_skills', j.soft_skills, 'experience_years_min', j.experience_years_min,
        'principals', j.principals, 'travel_percent', j.travel_percent, 'confidentiality_level', j.confidentiality_level)
        || jsonb_build_object(
        'duties', j.duties, 'questions', j.questions, 'openings', j.openings, 'start_date', j.start_date,
        'valid_through', j.valid_through, 'response_promise_days', j.response_promise_days,
        'status', case when job_state(j.status, j.valid_through) not in ('expired', 'removed') then j.status end,
        'close_reason', j.close_reason));
end
$$;
comment on function job_editable(jobs) is 'The vacancy in the shape of a create or replace body.';

create function jobs_render() returns trigger
language plpgsql
as $$
declare
    c companies;
    doc text;
begin
    -- Locked, so that this and companies_render_jobs take turns: neither can see what the other has not committed, and
    -- the one that came second would store what it saw over what the first had stored.
    select * into c from companies where id = new.company_id for share;
    doc := job_document(new, c);
    insert into job_documents (job_id, company_id, status, valid_through, was_public, close_reason, ended_at, etag,
        document)
    values (new.id, new.company_id, new.status, new.valid_through, new.published_at is not null, new.close_reason,
        new.ended_at, etag_of(doc), doc)
    on conflict (job_id) do update set status = excluded.status, valid_through = excluded.valid_through,
        was_public = excluded.was_public, close_reason = excluded.close_reason, ended_at = excluded.ended_at,
        etag = excluded.etag, document = excluded.document;
    insert into job_cards (job_id, company_id, status, published_at, created_at, valid_through, role, employment_type,
        contract, work_mode, confidentiality_level, country, region, city, card)
    values (new.id, new.company_id, new.status, new.published_at, new.created_at, new.valid_through, new.role,
        new.employment_type, new.contract, new.work_mode, new.confidentiality_level, new.country, new.region, new.city,
        job_card(new, c))
    on conflict (job_id) do update set status = excluded.status, published_at = excluded.published_at,
        valid_through = excluded.valid_through, role = excluded.role, employment_type = excluded.employment_type,
        contract = excluded.contract, work_mode = excluded.work_mode,
        confidentiality_level = excluded.confidentiality_level, country = excluded.country, region = excluded.region,
        city = excluded.city, card = excluded.card;
    return null;
end
$$;
comment on function jobs_render() is 'Stores the document, its entity tag and the card of a changed vacancy.';
create trigger jobs_render after insert or update on jobs for each row execute function jobs_render();

-- Vacancies show their company: a new name or verification is put into all of them, which is several times faster than to
-- render a company's thousands anew. Its part, with its id and bare quotes, stands nowhere else in a text. Same version,
-- new entity tag.
create function companies_render_jobs() returns trigger
language plpgsql
as $$
declare
    stored text := '"company":' || json_compact(job_company_json(old));
    wanted text := '"company":' || json_compact(job_company_json(new));
begin
    update job_documents d set document = replace(d.document, stored, wanted),
        etag = etag_of(replace(d.document, stored, wanted))
    from jobs j where j.company_id = new.id and d.job_id = j.id;
    update job_cards set card = replace(card, stored, wanted) where company_id = new.id;
    return null;
end
$$;
create trigger companies_render_jobs after update on companies for each row
    when ((old.name, old.kind, old.verified_at) is distinct from (new.name, new.kind, new.verified_at))
    execute function companies_render_jobs();
