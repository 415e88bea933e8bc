-- Blind review: a company may ask to judge applications without knowing whose they are. Name, contact, schools and their
-- years, letter and documents are shown when the application is shortlisted; that is an event of its own.

alter table jobs add column blind_review boolean not null default false;
comment on column jobs.blind_review is 'Applications come without the person until they are shortlisted.';

-- The functions of a vacancy, with this member. It is left out of answers where it is false: most vacancies.
create or replace function job_assign(j jobs, body jsonb) returns jobs
language plpgsql stable
as $$
declare
    b jsonb := jsonb_strip_nulls(body);
begin
    j.reference := b ->> 'reference';
    j.title := b ->> 'title';
    j.description := b ->> 'description';
    j.language := b ->> 'language';
    j.role := b ->> 'role';
    j.occupation := b ->> 'occupation';
    j.employment_type := b ->> 'employment_type';
    j.contract := b ->> 'contract';
    j.work_mode := b ->> 'work_mode';
    j.office_days_per_week := (b -> 'office_days_per_week')::integer;
    j.country := b #>> '{location,country}';
    j.region := b #>> '{location,region}';
    j.city := b #>> '{location,city}';
    j.postal_code := b #>> '{location,postal_code}';
    -- What somebody got as the gazetteer's, and sends back, is not the company's word.
    if b #>> '{location,coordinates}' is distinct from 'gazetteer' then
        j.latitude := (b #> '{location,latitude}')::numeric;
        j.longitude := (b #> '{location,longitude}')::numeric;
    else
        j.latitude := null;
        j.longitude := null;
    end if;
    j.salary_min := trim_scale(round((b #> '{salary,min}')::numeric, 2));
    j.salary_max := trim_scale(round((b #> '{salary,max}')::numeric, 2));
    j.salary_currency := b #>> '{salary,currency}';
    j.salary_unit := b #>> '{salary,unit}';
    j.salary_payments := (b #> '{salary,payments}')::integer;
    j.agreement_code := b #>> '{collective_agreement,code}';
    j.agreement_level := b #>> '{collective_agreement,level}';
    j.languages := coalesce(b -> 'languages', '[]');
    j.tools := coalesce(b -> 'tools', '[]');
    j.soft_skills := coalesce(b -> 'soft_skills', '[]');
    j.experience_years_min := (b -> 'experience_years_min')::integer;
    j.principals := coalesce(b -> 'principals', '[]');
    j.travel_percent := (b -> 'travel_percent')::integer;
    j.confidentiality_level := coalesce(b ->> 'confidentiality_level', 'standard');
    j.duties := array(select jsonb_array_elements_text(b -> 'duties'));
    -- A question without an id gets its place as one.
    j.questions := (select coalesce(jsonb_agg(jsonb_build_object('id', 'q' || n) || q order by n), '[]')
        from jsonb_array_elements(b -> 'questions') with ordinality as e (q, n));
    j.openings := coalesce((b -> 'openings')::integer, 1);
    j.start_date := (b ->> 'start_date')::date;
    j.valid_through := (b ->> 'valid_through')::date;
    j.response_promise_days := (b -> 'response_promise_days')::integer;
    j.close_reason := b ->> 'close_reason';
    j.blind_review := coalesce((b -> 'blind_review')::boolean, false);
    j.confidential_client := coalesce((b -> 'confidential_client')::boolean, false);
    j.client := b -> 'client';
    return j;
end
$$;

create or replace function job_editable(j jobs) returns jsonb
language plpgsql stable
as $$
begin
    return jsonb_strip_nulls(jsonb_build_object(
        'reference', j.reference, 'title', j.title, 'description', j.description, 'language', j.language, 'role', j.role,
        'occupation', j.occupation, 'employment_type', j.employment_type, 'contract', j.contract,
        'work_mode', j.work_mode, 'office_days_per_week', j.office_days_per_week, 'location', job_own_location(j),
        'salary', job_salary_json(j), 'collective_agreement', job_agreement_json(j), 'languages', j.languages,
        'tools', j.tools, 'soft_skills', j.soft_skills, 'experience_years_min', j.experience_years_min,
        'principals', j.principals, 'travel_percent', j.travel_percent, 'confidentiality_level', j.confidentiality_level)
        || jsonb_build_object(
        'duties', j.duties, 'questions', j.questions, 'openings', j.openings, 'start_date', j.start_date,
        'valid_through', j.valid_through, 'response_promise_days', j.response_promise_days,
        'status', case when job_state(j.status, j.valid_through) not in ('expired', 'removed') then j.status end,
        'close_reason', j.close_reason, 'blind_review', nullif(j.blind_review, false),
        'confidential_client', nullif(j.confidential_client, false), 'client', j.client));
end
$$;

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
        'response_promise_days', j.response_promise_days,
        'blind_review', nullif(j.blind_review, false), 'confidential_client', nullif(j.confidential_client, false),
        'status', j.status, 'close_reason', j.close_reason,
        'published_at', rfc3339(j.published_at), 'created_at', rfc3339(j.created_at),
        'updated_at', rfc3339(j.updated_at), 'version', j.version));
end
$$;

create or replace function job_replace(old jobs, actor text, account uuid, body jsonb, lang text, lint jsonb, location text default null)
returns op_result
language plpgsql volatile
as $$
declare
    j jobs;
    errors jsonb;
    message constant text := body ->> 'closing_message';
    refused op_result;
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
    refused := job_close_refused(old, j, message);
    if refused.status is not null then
        return refused;
    elsif j.status = old.status and job_editable(j) = job_editable(old) then
        if j.status = 'closed' and message is not null then
            perform job_answer_applications(old.id, message, account);
        end if;
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
        response_promise_days = j.response_promise_days, blind_review = j.blind_review,
        confidential_client = j.confidential_client, client = j.client, status = j.status, close_reason = j.close_reason,
        published_at = case when j.status = 'published' then coalesce(published_at, now()) else published_at end,
        updated_at = now(), version = version + 1
    where id = old.id;
    insert into job_events (job_id, actor_kind, account_id, type, from_status, to_status, version)
    values (old.id, actor, account, case when j.status <> old.status then 'status_changed' else 'updated' end,
        old.status, j.status, old.version + 1);
    if j.status = 'closed' and message is not null then
        perform job_answer_applications(old.id, message, account);
    end if;
    return job_result(old.id, 200, location);
end
$$;

alter table applications add column blind boolean not null default false, add column revealed_at timestamptz,
    add constraint applications_revealed_blind check (revealed_at is null or blind);
comment on column applications.blind is
    'Sent under blind review. It stays so if the vacancy changes its mind: that is what the candidate was told.';
comment on column applications.revealed_at is 'When the company was first shown whose it is; NULL: it was not, or was from the start.';

create function application_blind(a applications) returns boolean
language sql immutable parallel safe
as $$ select a.blind and a.revealed_at is null $$;
comment on function application_blind(applications) is
    'Whether the company may not know yet whose application it is: no name, contact, letter or document, and no search in them.';

alter table application_events drop constraint application_events_type_known,
    add constraint application_events_type_known check (type in ('submitted', 'status_changed', 'withdrawn', 'revealed',
        'assigned', 'unassigned', 'tags_changed', 'note_added', 'note_deleted', 'rated', 'message_sent',
        'interview_proposed', 'interview_accepted', 'interview_declined', 'interview_cancelled', 'anonymised'));

create function applications_blind_start() returns trigger
language plpgsql
as $$
begin
    new.blind := coalesce((select j.blind_review from jobs j where j.id = new.job_id), false);
    return new;
end
$$;
comment on function applications_blind_start() is 'An application is reviewed as the vacancy said when it was sent.';
create trigger applications_blind_start before insert on applications for each row execute function applications_blind_start();

create function applications_reveal() returns trigger
language plpgsql
as $$
begin
    new.revealed_at := now();
    return new;
end
$$;
comment on function applications_reveal() is 'A blind application that is shortlisted, or goes further, shows whose it is.';
create trigger applications_reveal before update of status on applications for each row
    when (new.blind and new.revealed_at is null and new.status in ('shortlisted', 'interview', 'offer', 'hired'))
    execute function applications_reveal();

create function applications_revealed() returns trigger
language plpgsql
as $$
begin
    insert into application_events (application_id, actor_kind, account_id, type, from_status, to_status)
    values (new.id, coalesce(context_text('kind'), 'system'), nullif(context_text('account_id'), '')::uuid, 'revealed',
        old.status, new.status);
    perform audit_record('application.revealed', 'application', new.id, new.company_id, new.candidate_id);
    return null;
end
$$;
comment on function applications_revealed() is 'Writes the reveal into the history and the audit trail.';
create trigger applications_revealed after update of status on applications for each row
    when (old.revealed_at is null and new.revealed_at is not null) execute function applications_revealed();

-- What of a blind application's person is shown: what it can do, and where it is at most by region.
create function candidate_competences(profile jsonb) returns jsonb
language sql immutable parallel safe
as $$
    select jsonb_strip_nulls(jsonb_build_object(
        'location', nullif(jsonb_strip_nulls(jsonb_build_object('country', profile #> '{location,country}',
            'region', profile #> '{location,region}')), '{}'),
        'languages', profile -> 'languages', 'tools', profile -> 'tools', 'soft_skills', profile -> 'soft_skills',
        'duties', profile -> 'duties'))
$$;
comment on function candidate_competences(jsonb) is
    'Of a profile, what tells nothing of the person: languages, tools, soft skills, duties, country and region.';

create function candidate_experience(profile jsonb) returns jsonb
language plpgsql stable
as $$
begin
    return jsonb_strip_nulls(jsonb_build_object(
        'experience', (select jsonb_agg(jsonb_build_object('position', w ->> 'position', 'months', greatest(m.last - m.first + 1, 0))
                order by n)
            from jsonb_array_elements(profile -> 'work') with ordinality as e (w, n)
            cross join lateral (
                select substr(w ->> 'start_date', 1, 4)::integer * 12 + coalesce(nullif(substr(w ->> 'start_date', 6, 2), '')::integer, 1)
                        as first,
                    coalesce(substr(w ->> 'end_date', 1, 4)::integer * 12
                            + coalesce(nullif(substr(w ->> 'end_date', 6, 2), '')::integer, 12),
                        extract(year from now())::integer * 12 + extract(month from now())::integer) as last) as m
            where w ? 'start_date'),
        'studies', (select jsonb_agg(jsonb_build_object('area', s ->> 'area', 'study_type', s ->> 'study_type') order by n)
            from jsonb_array_elements(profile -> 'education') with ordinality as e (s, n)
            where s ?| array['area', 'study_type'])));
end
$$;
comment on function candidate_experience(jsonb) is
    'Jobs by position and length, studies by subject: without employers, schools and years.';

create function candidate_shown(a applications, detail text) returns json
language plpgsql stable
as $$
declare
    d candidates;
begin
    select * into d from candidates t where t.id = a.candidate_id;
    if application_blind(a) then
        return (jsonb_build_object('blind', true) || case when detail = 'full'
            then candidate_competences(d.profile) || candidate_experience(d.profile) else '{}' end)::json;
    elsif detail = 'card' then
        return json_build_object('id', d.id, 'given_name', d.given_name, 'family_name', d.family_name,
            'headline', d.profile -> 'headline');
    end if;
    return ((candidate_json(d, (select n.email from accounts n where n.id = d.account_id))::jsonb
        - array['created_at', 'updated_at', 'version']) || d.profile - 'preferences'
        || jsonb_strip_nulls(jsonb_build_object('available_from', d.profile #> '{preferences,available_from}',
            'notice_days', d.profile #> '{preferences,notice_days}')))::json;
end
$$;
comment on function candidate_shown(applications, text) is
    'What the company of an application sees of the person who sent it (detail: card or full), and all it may see. Whether it '
    'may see the application at all is asked before (shield_hides). Of a blind one: no id either, for an id leads to a name.';

-- A file shows whose it is by its name already. Links that were made before are asked again when they are used.
create or replace function document_visible(d documents, caller_kind text, candidate uuid, company uuid) returns boolean
language plpgsql stable
as $$
begin
    return d.completed_at is not null and case caller_kind
        when 'candidate' then d.candidate_id = candidate
        when 'company' then exists (
            select from application_documents x join applications a on a.id = x.application_id
            where x.document_id = d.id and a.company_id = company and not application_blind(a))
            and not shield_hides(d.candidate_id, company) and not candidate_restricted(d.candidate_id)
        else false end;
end
$$;
comment on function document_visible(documents, text, uuid, uuid) is
    'Whose it is, and a company that got it with an application which it does not review blind, and that its owner does not '
    'shield itself from.';
