-- Applications: a candidate's answer to a vacancy, its history, and the view each side has of it.

create table application_transitions (
    from_status text not null,
    to_status   text not null,
    actor       text not null,
    primary key (from_status, to_status, actor),
    constraint application_transitions_actor_known check (actor in ('company', 'candidate'))
);
comment on table application_transitions is 'Every allowed move of an application and who may make it.';
insert into application_transitions
select f, t, 'company'
from unnest(array['submitted', 'in_review', 'shortlisted', 'interview', 'offer']) as f,
     unnest(array['in_review', 'shortlisted', 'interview', 'offer', 'hired', 'rejected']) as t
where f <> t and not (t = 'hired' and f in ('submitted', 'in_review'))
union all
select 'rejected', 'in_review', 'company'
union all
select f, 'withdrawn', 'candidate'
from unnest(array['submitted', 'in_review', 'shortlisted', 'interview', 'offer']) as f;

create table applications (
    id              uuid primary key,
    job_id          uuid not null references jobs (id),
    company_id      uuid not null references companies (id),
    candidate_id    uuid not null references candidates (id),
    status          text not null default 'submitted',
    cover_letter    text,
    answers         jsonb not null default '[]',
    consent         jsonb not null default '{"talent_pool": false}',
    reason          text,
    submitted_at    timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    next_update_due timestamptz,
    version         integer not null default 1,
    constraint applications_status_known check (status in ('submitted', 'in_review', 'shortlisted', 'interview', 'offer',
        'hired', 'rejected', 'withdrawn')),
    constraint applications_cover_letter_length check (length(cover_letter) <= 50000),
    constraint applications_answers_array check (jsonb_typeof(answers) = 'array')
);
create unique index applications_one_live on applications (job_id, candidate_id) where status <> 'withdrawn';
create index applications_of_job on applications (job_id, submitted_at desc, id desc);
create index applications_of_company on applications (company_id, submitted_at desc, id desc);
create index applications_of_candidate on applications (candidate_id, submitted_at desc, id desc);
comment on table applications is 'At most one that is not withdrawn for a candidate and a vacancy (applications_one_live).';
comment on column applications.company_id is 'The vacancy''s company, repeated for its listing.';
comment on column applications.reason is 'The reason the company gave with its last change; both sides see it.';
comment on column applications.next_update_due is
    'When the company promised to have said something; NULL without a promise or when all is said.';

create table application_events (
    id             uuid primary key default uuid_v7(),
    application_id uuid not null references applications (id) on delete cascade,
    at             timestamptz not null default now(),
    actor_kind     text not null,
    account_id     uuid references accounts (id) on delete set null,
    type           text not null,
    from_status    text,
    to_status      text not null,
    reason         text,
    constraint application_events_actor_known check (actor_kind in ('company', 'candidate', 'operator', 'system')),
    constraint application_events_type_known check (type in ('submitted', 'status_changed', 'withdrawn'))
);
create index application_events_application on application_events (application_id, id);
comment on table application_events is 'History of an application, one row a change, written with the change.';

create function applications_check_transition() returns trigger
language plpgsql
as $$
begin
    if not exists (select from application_transitions where from_status = old.status and to_status = new.status) then
        raise exception using errcode = 'check_violation', constraint = 'applications_status_transition',
            message = format('an application cannot go from %s to %s', old.status, new.status);
    end if;
    return new;
end
$$;
create trigger applications_check_transition before update of status on applications for each row
    when (old.status is distinct from new.status) execute function applications_check_transition();

create function application_job_json(a applications, viewer text) returns json
language plpgsql stable
as $$
declare
    j record;
begin
    select title, reference, c into j from jobs join companies c on c.id = company_id where jobs.id = a.job_id;
    return json_build_object('id', a.job_id, 'title', j.title,
        'reference', case when viewer = 'company' then j.reference end, 'company', job_company_json(j.c));
end
$$;

create function application_json(a applications, viewer text) returns json
language plpgsql stable
as $$
declare
    candidate json;
begin
    if viewer = 'company' then
        select candidate_json(d, n.email)::jsonb - array['created_at', 'updated_at', 'version'] into candidate
        from candidates d join accounts n on n.id = d.account_id where d.id = a.candidate_id;
    end if;
    return json_build_object(
        'id', a.id, 'job', application_job_json(a, viewer), 'candidate', candidate, 'status', a.status,
        'reason', a.reason, 'cover_letter', a.cover_letter, 'answers', a.answers, 'consent', a.consent,
        'submitted_at', rfc3339(a.submitted_at), 'updated_at', rfc3339(a.updated_at),
        'next_update_due', rfc3339(a.next_update_due), 'version', a.version);
end
$$;
comment on function application_json(applications, text) is
    'An application as one side (company or candidate) sees it: the candidate is shown to the company only.';

create function application_card(a applications, viewer text) returns text
language plpgsql stable
as $$
declare
    candidate json;
begin
    if viewer = 'company' then
        select json_build_object('id', d.id, 'given_name', d.given_name, 'family_name', d.family_name,
            'headline', d.profile -> 'headline') into candidate
        from candidates d where d.id = a.candidate_id;
    end if;
    return json_compact(json_build_object(
        'id', a.id, 'job', application_job_json(a, viewer), 'candidate', candidate, 'status', a.status,
        'submitted_at', rfc3339(a.submitted_at), 'updated_at', rfc3339(a.updated_at),
        'next_update_due', rfc3339(a.next_update_due)));
end
$$;
comment on function application_card(applications, text) is 'An application as a listing of that side shows it.';

create function application_result(a applications, viewer text, status integer, location text default null)
returns op_result
language plpgsql stable
as $$
declare
    body text := json_compact(application_json(a, viewer));
begin
    return op_ok(status, body, etag_of(body), location);
end
$$;

create function is_day(day text) returns boolean
language plpgsql immutable
as $$
begin
    return day ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' and day::date is not null;
exception when data_exception then
    return false;
end
$$;
comment on function is_day(text) is 'Whether it is a day of the calendar as YYYY-MM-DD.';

create function answer_fits(value jsonb, type text, options jsonb) returns text
language sql immutable
as $$
    select case
        when type in ('short_text', 'long_text') and jsonb_typeof(value) <> 'string' then 'answer_type_text'
        when type = 'short_text' and length(value #>> '{}') > 500 then 'answer_too_long'
        when type = 'boolean' and jsonb_typeof(value) <> 'boolean' then 'answer_type_boolean'
        when type = 'number' and jsonb_typeof(value) <> 'number' then 'answer_type_number'
        when type = 'date' and (jsonb_typeof(value) <> 'string' or not is_day(value #>> '{}')) then 'answer_type_date'
        when type = 'single' and not coalesce(options @> jsonb_build_array(value), false) then 'answer_not_an_option'
        when type = 'multi' and jsonb_typeof(value) <> 'array' then 'answer_type_list'
        when type = 'multi' and not coalesce(options @> value, false) then 'answer_not_an_option'
    end
$$;
comment on function answer_fits(jsonb, text, jsonb) is 'The rule an answer breaks given its question''s type and options, or NULL.';

create function answer_violations(questions jsonb, answers jsonb, lang text) returns jsonb
language plpgsql stable
as $$
begin
    if questions = '[]' and answers = '[]' then
        return '[]';
    end if;
    return (
        with question as (
            select q ->> 'id' as id, q ->> 'type' as type, coalesce((q -> 'required')::boolean, false) as required,
                q -> 'options' as options, n
            from jsonb_array_elements(questions) with ordinality as e (q, n)
        ), answer as (
            select n - 1 as i, a ->> 'question_id' as id, a -> 'value' as value,
                row_number() over (partition by a ->> 'question_id' order by n) as nth,
                coalesce(a -> 'value', 'null') in ('null', '""', '[]')
                    or (a ->> 'value' !~ '[^[:space:]]' and jsonb_typeof(a -> 'value') = 'string') as empty
            from jsonb_array_elements(answers) with ordinality as e (a, n)
        ), found (pointer, code, question_id) as (
            select '/answers/' || a.i || '/question_id', 'unknown_question', a.id
                from answer a where not exists (select from question q where q.id = a.id)
            union all select '/answers/' || a.i || '/question_id', 'duplicate_answer', a.id from answer a where a.nth > 1
            union all select '/answers/' || a.i || '/value', 'answer_required', a.id
                from answer a join question q using (id) where q.required and a.empty
            union all select '/answers/' || a.i || '/value', answer_fits(a.value, q.type, q.options), a.id
                from answer a join question q using (id)
                where not a.empty and answer_fits(a.value, q.type, q.options) is not null
            union all select '/answers', 'answer_required', q.id
                from question q where q.required and not exists (select from answer a where a.id = q.id)
        )
        select violations(coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('pointer', pointer, 'code', code,
            'question_id', question_id))), '[]'), lang) from found
    );
end
$$;
comment on function answer_violations(jsonb, jsonb, text) is
    'Every way in which the answers of an application do not fit the vacancy''s questions.';

create function applications_create(job uuid, candidate uuid, account uuid, new_id uuid, body jsonb, lang text)
returns op_result
language plpgsql volatile
as $$
declare
    j record;
    a applications;
    existing uuid;
    errors jsonb;
begin
    select company_id, questions, response_promise_days, published_at, job_state(status, valid_through) as state
    into j from jobs where id = job;
    if not found or j.published_at is null then
        return op_problem(404, 'not_found');
    end if;
    select id into existing from applications where job_id = job and candidate_id = candidate and status <> 'withdrawn';
    if existing is null then
        if j.state <> 'published' then
            return op_problem(409, 'job_not_open', jsonb_build_object('job_status', j.state));
        end if;
        errors := answer_violations(j.questions, coalesce(body -> 'answers', '[]'), lang);
        if errors <> '[]' then
            return op_invalid(errors);
        end if;
        -- A second click that runs at the same time waits here for the first and then finds it.
        insert into applications (id, job_id, company_id, candidate_id, cover_letter, answers, consent, next_update_due)
        values (new_id, job, j.company_id, candidate, body ->> 'cover_letter', coalesce(body -> 'answers', '[]'),
            '{"talent_pool": false}' || coalesce(body -> 'consent', '{}'), now() + j.response_promise_days * interval '1 day')
        on conflict (job_id, candidate_id) where status <> 'withdrawn' do nothing
        returning * into a;
        if found then
            insert into application_events (application_id, actor_kind, account_id, type, to_status)
            values (new_id, 'candidate', account, 'submitted', 'submitted');
            return application_result(a, 'candidate', 201, '/v1/applications/' || new_id);
        end if;
        select id into existing from applications
        where job_id = job and candidate_id = candidate and status <> 'withdrawn';
    end if;
    return op_problem(409, 'already_applied', jsonb_build_object('application_id', existing),
        '/v1/applications/' || existing);
end
$$;
comment on function applications_create(uuid, uuid, uuid, uuid, jsonb, text) is
    'POST /v1/jobs/{job_id}/applications: one for each candidate and open vacancy, with answers that fit its questions.';

create function applications_patch(application uuid, caller_kind text, caller_company uuid, caller_candidate uuid,
                                   account uuid, body jsonb, if_match text[], lang text) returns op_result
language plpgsql volatile
as $$
declare
    a applications;
    before text;
    requested text := body ->> 'status';
begin
    select * into a from applications where id = application
        and case caller_kind when 'company' then company_id = caller_company
            when 'candidate' then candidate_id = caller_candidate else false end
    for update;
    if not found then
        return op_problem(404, 'not_found');
    elsif not etag_matches(if_match, etag_of(json_compact(application_json(a, caller_kind)))) then
        return op_problem(412, 'precondition_failed');
    elsif requested is null or (requested = a.status
            and (not body ? 'reason' or body ->> 'reason' is not distinct from a.reason)) then
        return application_result(a, caller_kind, 200);
    elsif requested <> a.status and not exists (select from application_transitions
            where from_status = a.status and to_status = requested and actor = caller_kind) then
        return op_problem(409, 'invalid_transition', jsonb_build_object('current', a.status, 'requested', requested,
            'allowed', coalesce((select jsonb_agg(to_status order by to_status) from application_transitions
                where from_status = a.status and actor = caller_kind), '[]')));
    end if;
    before := a.status;
    update applications set status = requested,
        reason = case when caller_kind = 'company' then body ->> 'reason' else reason end,
        updated_at = now(), version = version + 1,
        next_update_due = case when requested not in ('hired', 'rejected', 'withdrawn') then now()
            + (select response_promise_days from jobs where id = job_id) * interval '1 day' end
    where id = application returning * into a;
    insert into application_events (application_id, actor_kind, account_id, type, from_status, to_status, reason)
    values (application, caller_kind, account,
        case when requested = 'withdrawn' then 'withdrawn' else 'status_changed' end, before, requested,
        body ->> 'reason');
    return application_result(a, caller_kind, 200);
end
$$;
comment on function applications_patch(uuid, text, uuid, uuid, uuid, jsonb, text[], text) is
    'A move of an application by either side, with its event. The same status again changes nothing.';

insert into rule_texts (code, en, it) values
    ('unknown_question', 'The vacancy has no question with this id.', 'L''annuncio non ha una domanda con questo id.'),
    ('duplicate_answer', 'This question is answered twice.', 'A questa domanda si risponde due volte.'),
    ('answer_required', 'This question must be answered.', 'A questa domanda si deve rispondere.'),
    ('answer_type_text', 'The answer must be a text.', 'La risposta deve essere un testo.'),
    ('answer_too_long', 'A short answer has at most 500 characters.', 'Una risposta breve ha al massimo 500 caratteri.'),
    ('answer_type_boolean', 'The answer must be true or false.', 'La risposta deve essere true o false.'),
    ('answer_type_number', 'The answer must be a number.', 'La risposta deve essere un numero.'),
    ('answer_type_date', 'The answer must be a date, YYYY-MM-DD.', 'La risposta deve essere una data, AAAA-MM-GG.'),
    ('answer_type_list', 'The answer must be a list of options.', 'La risposta deve essere un elenco di opzioni.'),
    ('answer_not_an_option', 'The answer is not one of the options.', 'La risposta non è fra le opzioni.'),
    ('already_applied', 'There is an application to this vacancy already.', 'C''è già una candidatura a questo annuncio.');

insert into constraint_rules (constraint_name, pointer, code) values
    ('applications_one_live', '', 'already_applied'),
    ('applications_status_known', '/status', 'unknown_value'),
    ('applications_status_transition', '/status', 'status_transition'),
    ('applications_cover_letter_length', '/cover_letter', 'out_of_range');
