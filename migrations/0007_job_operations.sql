-- What can be done to a vacancy: create, replace (PATCH and PUT), delete; the rules that span members; the state machine.

create function job_assign(j jobs, body jsonb) returns jobs
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
    j.latitude := (b #> '{location,latitude}')::numeric;
    j.longitude := (b #> '{location,longitude}')::numeric;
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
    return j;
end
$$;
comment on function job_assign(jobs, jsonb) is 'The vacancy with every editable member but the status taken from a body.';

create function job_list_violations(j jobs) returns jsonb
language plpgsql stable
as $$
begin
    return (
        with broken (pointer, code) as (
            select '/duties/' || n - 1, 'unknown_duty'
                from unnest(j.duties) with ordinality as e (d, n) where not exists (select from duties where code = d)
            union all select '/soft_skills/' || n - 1 || '/skill', 'unknown_soft_skill'
                from jsonb_array_elements(j.soft_skills) with ordinality as e (s, n)
                where not exists (select from soft_skills where code = s ->> 'skill')
            union all select '/soft_skills/' || n - 1 || '/skill', 'duplicate_soft_skill'
                from (select n, row_number() over (partition by s ->> 'skill' order by n) as nth
                    from jsonb_array_elements(j.soft_skills) with ordinality as e (s, n)) as e where nth > 1
            union all select '/languages/' || n - 1 || '/language', 'duplicate_language'
                from (select n, row_number() over (partition by lower(l ->> 'language') order by n) as nth
                    from jsonb_array_elements(j.languages) with ordinality as e (l, n)) as e where nth > 1
            union all select '/tools/' || n - 1 || '/name', 'duplicate_tool'
                from (select n, row_number() over (partition by lower(t ->> 'name') order by n) as nth
                    from jsonb_array_elements(j.tools) with ordinality as e (t, n)) as e where nth > 1
            union all select '/questions/' || n - 1 || '/id', 'duplicate_question_id'
                from (select n, row_number() over (partition by q ->> 'id' order by n) as nth
                    from jsonb_array_elements(j.questions) with ordinality as e (q, n)) as e where nth > 1
            union all select '/questions/' || n - 1 || '/options', 'question_options_required'
                from jsonb_array_elements(j.questions) with ordinality as e (q, n)
                where q ->> 'type' in ('single', 'multi') and jsonb_array_length(coalesce(q -> 'options', '[]')) = 0
        )
        select coalesce(jsonb_agg(violation(pointer, code)), '[]') from broken
    );
end
$$;
comment on function job_list_violations(jobs) is 'Unknown terms and duplicates in the lists of a vacancy.';

create function job_violations(j jobs, company_country text, lang text) returns jsonb
language plpgsql stable
as $$
declare
    public boolean := j.status in ('published', 'in_review');
    rule country_rules;
    broken jsonb := '[]';
begin
    if j.salary_min > j.salary_max then
        broken := broken || violation('/salary/max', 'salary_min_le_max');
    end if;
    if coalesce(j.salary_min, j.salary_max) is not null and (j.salary_currency is null or j.salary_unit is null) then
        broken := broken || violation('/salary', 'salary_whole');
    end if;
    if j.work_mode = 'remote' and j.office_days_per_week > 0 then
        broken := broken || violation('/office_days_per_week', 'office_days_remote');
    end if;
    if (j.latitude is null) <> (j.longitude is null) then
        broken := broken || violation('/location', 'coordinates_both');
    end if;
    if j.role is not null and not exists (select from roles where code = j.role) then
        broken := broken || violation('/role', 'unknown_role');
    end if;
    if j.close_reason is not null and j.status not in ('closed', 'expired', 'removed') then
        broken := broken || violation('/close_reason', 'close_reason_when_ended');
    end if;
    broken := broken || job_list_violations(j);
    -- The publish gate: what makes no sense to publish anywhere, and what the country asks for.
    if public and coalesce(j.description, '') !~ '[^[:space:]]' then
        broken := broken || violation('/description', 'publish_description_required');
    end if;
    if public and j.valid_through < utc_today() then
        broken := broken || violation('/valid_through', 'publish_valid_through_past');
    end if;
    if public then
        select * into rule from country_rules where country = coalesce(j.country, company_country);
        if rule.salary_required and coalesce(j.salary_min, j.salary_max) is null then
            broken := broken || violation('/salary', 'publish_salary_required');
        end if;
        if rule.valid_through_required and j.valid_through is null then
            broken := broken || violation('/valid_through', 'publish_valid_through_required');
        end if;
    end if;
    return violations(broken, lang);
end
$$;
comment on function job_violations(jobs, text, text) is
    'Every rule the vacancy breaks, those of publishing included where its status is to be public. A vacancy that says no '
    'country is held to the rules of its company''s.';

create function job_transition_problem(from_status text, to_status text, by_actor text) returns op_result
language plpgsql stable
as $$
begin
    return (
        select op_problem(409, 'invalid_transition', jsonb_build_object('current', from_status, 'requested', to_status,
            'allowed', coalesce((select jsonb_agg(t.to_status order by t.to_status) from job_transitions t
                where t.from_status = job_transition_problem.from_status and t.actor = by_actor), '[]')))
    );
end
$$;

create function job_result(job uuid, http_status integer, location text default null) returns op_result
language plpgsql stable
as $$
begin
    return (
        select row(http_status, null, null, job_text_today(d.document, d.status, d.valid_through),
            job_etag_today(d.etag, d.status, d.valid_through), location)::op_result
        from job_documents d where d.job_id = job
    );
end
$$;
comment on function job_result(uuid, integer, text) is 'The stored document as an operation''s result.';

create function jobs_create(company uuid, account uuid, new_id uuid, body jsonb, lang text) returns op_result
language plpgsql volatile
as $$
declare
    j jobs;
    requested text := coalesce(body ->> 'status', 'draft');
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
    errors := job_violations(j, (select country from companies where id = company), lang);
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
comment on function jobs_create(uuid, uuid, uuid, jsonb, text) is 'POST /v1/jobs: a draft, or published at once.';

-- A vacancy whose last day has passed becomes expired when somebody writes to it: the write meets the state a reader saw.
create function job_expire_if_over(j jobs) returns jobs
language plpgsql volatile
as $$
begin
    if job_state(j.status, j.valid_through) is distinct from j.status then
        insert into job_events (job_id, actor_kind, type, from_status, to_status, version)
        values (j.id, 'system', 'status_changed', j.status, 'expired', j.version + 1);
        update jobs set status = 'expired', version = version + 1, updated_at = now() where id = j.id returning * into j;
    end if;
    return j;
end
$$;

create function job_replace(old jobs, actor text, account uuid, body jsonb, lang text, location text default null)
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
    errors := job_violations(j, (select country from companies where id = old.company_id), lang);
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
comment on function job_replace(jobs, text, uuid, jsonb, text, text) is
    'Replaces the editable part of a locked vacancy. What changes nothing keeps version, entity tag and time.';

create function jobs_patch(job uuid, caller_kind text, caller_company uuid, account uuid, body jsonb, expected integer,
                           if_match text[], lang text) returns op_result
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
    return job_replace(j, caller_kind, account, body, lang);
end
$$;
comment on function jobs_patch(uuid, text, uuid, uuid, jsonb, integer, text[], text) is
    'PATCH /v1/jobs/{job_id} with the whole patched document. 409 version_changed: not the version that was read; read again.';

create function jobs_put(company uuid, ref text, caller_company uuid, account uuid, new_id uuid, body jsonb,
                         if_match text[], if_none_match_star boolean, lang text) returns op_result
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
            return job_replace(j, 'company', account, body, lang, '/v1/jobs/' || j.id);
        elsif if_match is not null then
            return op_problem(412, 'precondition_failed');
        end if;
        result := jobs_create(company, account, new_id, body, lang);
        -- Somebody else created it in between: now there is one to replace.
        exit when result.code is distinct from 'reference_taken';
    end loop;
    return result;
end
$$;
comment on function jobs_put(uuid, text, uuid, uuid, uuid, jsonb, text[], boolean, text) is
    'PUT by the company''s own reference: 201 created or 200 replaced.';

-- Not for single requests: these are over before anybody could revoke their token.
create function batch_token_holds(hash bytea, company uuid) returns boolean
language plpgsql stable
as $$
begin
    return exists (
        select from (
            select account_id from api_tokens
            where token_hash = hash and revoked_at is null and (expires_at is null or expires_at > now())
            union all
            select s.account_id from session_tokens k join sessions s on s.id = k.session_id
            where k.access_hash = hash and s.ended_at is null and k.access_expires_at > now()
        ) as t
        join accounts a on a.id = t.account_id and a.disabled_at is null
        join company_members m on m.account_id = a.id and m.company_id = company and m.role in ('owner', 'recruiter')
    );
end
$$;
comment on function batch_token_holds(bytea, uuid) is
    'Whether the token that began a batch may still post vacancies of the company.';

create function jobs_batch_line(token_hash bytea, company uuid, account uuid, new_id uuid, body jsonb, lang text)
returns op_result
language plpgsql volatile
as $$
begin
    if not batch_token_holds(token_hash, company) then
        return op_problem(401, 'invalid_token');
    end if;
    return (
        select case when body ? 'reference'
            then jobs_put(company, body ->> 'reference', company, account, new_id, body, null, false, lang)
            else jobs_create(company, account, new_id, body, lang) end
    );
end
$$;
comment on function jobs_batch_line(bytea, uuid, uuid, uuid, jsonb, text) is
    'One line of a batch: with a reference create or replace, without one create.';

create function jobs_delete(job uuid, caller_kind text, caller_company uuid, if_match text[]) returns op_result
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
    elsif exists (select from applications where job_id = job) then
        return op_problem(409, 'job_has_applications', jsonb_build_object('current', job_state(j.status, j.valid_through)));
    elsif j.status <> 'draft' then
        return op_problem(409, 'job_not_draft', jsonb_build_object('current', job_state(j.status, j.valid_through)));
    end if;
    delete from jobs where id = job;
    return op_ok(204);
end
$$;
comment on function jobs_delete(uuid, text, uuid, text[]) is 'Only a draft without applications can be deleted.';

create function jobs_expire(at_most integer) returns integer
language plpgsql volatile
as $$
declare
    j jobs;
    n integer := 0;
begin
    for j in select * from jobs where status in ('published', 'paused') and valid_through < utc_today()
             order by valid_through limit at_most for update skip locked loop
        perform job_expire_if_over(j);
        n := n + 1;
    end loop;
    return n;
end
$$;
comment on function jobs_expire(integer) is 'Writes the expiry of vacancies whose last day has passed; how many it did.';

insert into rule_texts (code, en, it) values
    ('reference_not_path', 'The reference in the body is not that of the path.',
        'Il riferimento nel corpo non è quello del percorso.');

-- Planned anew for each set of filters, so that filters that are not given vanish and a given one picks its index. The
-- arrays of names are compared without regard to case.
create function jobs_list_filtered(roles text[], employment_types text[], contracts text[], work_modes text[],
    confidentiality_levels text[], companies uuid[], countries text[], regions text[], cities text[],
    since timestamptz, after text, page integer, out status integer, out items text, out next_key text)
language plpgsql stable
set plan_cache_mode = force_custom_plan
set enable_bitmapscan = on
as $$
declare
    after_at timestamptz := keyset_at(after);
    after_id uuid := keyset_id(after);
begin
    countries := upper(countries::text)::text[];
    regions := lower(regions::text)::text[];
    cities := lower(cities::text)::text[];
    status := 200;
    with found as (
        select k.card, k.published_at, k.job_id, row_number() over (order by k.published_at desc, k.job_id desc) as n
        from job_cards k
        where k.status = 'published' and (k.valid_through is null or k.valid_through >= utc_today())
            and (k.published_at, k.job_id) < (after_at, after_id)
            and (roles is null or k.role = any (roles))
            and (employment_types is null or k.employment_type = any (employment_types))
            and (contracts is null or k.contract = any (contracts))
            and (work_modes is null or k.work_mode = any (work_modes))
            and (confidentiality_levels is null or k.confidentiality_level = any (confidentiality_levels))
            and (companies is null or k.company_id = any (companies))
            and (countries is null or k.country = any (countries))
            and (regions is null or lower(k.region) = any (regions))
            and (cities is null or lower(k.city) = any (cities))
            and (since is null or k.published_at >= since)
        order by k.published_at desc, k.job_id desc
        limit page + 1
    )
    select coalesce(string_agg(card, ',' order by n) filter (where n <= page), ''),
        case when count(*) > page then max(keyset_text(published_at, job_id)) filter (where n = page) end
    into items, next_key
    from found;
end
$$;
comment on function jobs_list_filtered(text[], text[], text[], text[], text[], uuid[], text[], text[], text[], timestamptz,
    text, integer) is 'The newest open vacancies that pass every filter given.';
