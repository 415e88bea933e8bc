-- Vacancies: the typed truth (jobs), their history (job_events), their state machine, and the texts that are sent as they
-- are (job_documents, job_cards), which triggers keep in step within the same transaction.

create table country_rules (
    country                text primary key,
    salary_required        boolean not null,
    valid_through_required boolean not null,
    source                 text not null,
    constraint country_rules_country_form check (country ~ '^[A-Z]{2}$')
);
comment on table country_rules is
    'What a vacancy located in a country must say to be published. A country without a row is not stopped.';
insert into country_rules values
    ('IT', true, true, 'Directive (EU) 2023/970, art. 5, and its Italian transposition of 1 June 2026');

create table job_transitions (
    from_status text not null,
    to_status   text not null,
    actor       text not null,
    primary key (from_status, to_status, actor),
    constraint job_transitions_actor_known check (actor in ('company', 'operator', 'system'))
);
comment on table job_transitions is 'Every allowed move of a vacancy and who may make it; what is not here is refused.';
insert into job_transitions values
    ('draft', 'published', 'company'), ('draft', 'in_review', 'system'),
    ('in_review', 'draft', 'company'), ('in_review', 'draft', 'operator'), ('in_review', 'published', 'operator'),
    ('published', 'paused', 'company'), ('paused', 'published', 'company'),
    ('published', 'closed', 'company'), ('paused', 'closed', 'company'),
    ('published', 'expired', 'system'), ('paused', 'expired', 'system'),
    ('draft', 'removed', 'operator'), ('in_review', 'removed', 'operator'), ('published', 'removed', 'operator'),
    ('paused', 'removed', 'operator'), ('closed', 'removed', 'operator'), ('expired', 'removed', 'operator');

create table jobs (
    id                     uuid primary key,
    company_id             uuid not null references companies (id),
    reference              text,
    title                  text not null,
    description            text,
    language               text,
    role                   text references roles (code),
    occupation             text,
    employment_type        text,
    contract               text,
    work_mode              text,
    office_days_per_week   smallint,
    country                text,
    region                 text,
    city                   text,
    postal_code            text,
    latitude               numeric,
    longitude              numeric,
    salary_min             numeric,
    salary_max             numeric,
    salary_currency        text,
    salary_unit            text,
    salary_payments        smallint,
    agreement_code         text,
    agreement_level        text,
    languages              jsonb not null default '[]',
    tools                  jsonb not null default '[]',
    soft_skills            jsonb not null default '[]',
    experience_years_min   smallint,
    principals             jsonb not null default '[]',
    travel_percent         smallint,
    confidentiality_level  text not null default 'standard',
    duties                 text[] not null default '{}',
    questions              jsonb not null default '[]',
    openings               integer not null default 1,
    start_date             date,
    valid_through          date,
    response_promise_days  integer,
    status                 text not null default 'draft',
    close_reason           text,
    published_at           timestamptz,
    ended_at               timestamptz,
    created_at             timestamptz not null default now(),
    updated_at             timestamptz not null default now(),
    version                integer not null default 1,
    constraint jobs_reference_unique unique (company_id, reference),
    constraint jobs_reference_length check (length(reference) between 1 and 200),
    constraint jobs_title_length check (length(title) between 1 and 300),
    constraint jobs_language_form check (language ~ '^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$'),
    constraint jobs_employment_type_known check (employment_type in ('full_time', 'part_time', 'contractor', 'temporary',
        'intern', 'other')),
    constraint jobs_contract_known check (contract in ('permanent', 'fixed_term', 'apprenticeship', 'agency', 'freelance')),
    constraint jobs_work_mode_known check (work_mode in ('on_site', 'hybrid', 'remote')),
    constraint jobs_office_days_range check (office_days_per_week between 0 and 7),
    constraint jobs_office_days_remote check (work_mode <> 'remote' or coalesce(office_days_per_week, 0) = 0),
    constraint jobs_country_form check (country ~ '^[A-Z]{2}$'),
    constraint jobs_latitude_range check (latitude between -90 and 90),
    constraint jobs_longitude_range check (longitude between -180 and 180),
    constraint jobs_coordinates_both check ((latitude is null) = (longitude is null)),
    constraint jobs_salary_min_positive check (salary_min between 0 and 1e12),
    constraint jobs_salary_max_positive check (salary_max between 0 and 1e12),
    constraint jobs_salary_min_le_max check (salary_min <= salary_max),
    constraint jobs_salary_currency_form check (salary_currency ~ '^[A-Z]{3}$'),
    constraint jobs_salary_unit_known check (salary_unit in ('hour', 'day', 'month', 'year')),
    constraint jobs_salary_whole check (coalesce(salary_min, salary_max) is null
        or (salary_currency is not null and salary_unit is not null)),
    constraint jobs_lists_arrays check (jsonb_typeof(languages) = 'array' and jsonb_typeof(tools) = 'array'
        and jsonb_typeof(soft_skills) = 'array' and jsonb_typeof(principals) = 'array'
        and jsonb_typeof(questions) = 'array'),
    constraint jobs_experience_range check (experience_years_min between 0 and 70),
    constraint jobs_travel_range check (travel_percent between 0 and 100),
    constraint jobs_confidentiality_known check (confidentiality_level in ('standard', 'high', 'board')),
    constraint jobs_openings_range check (openings between 1 and 100000),
    constraint jobs_response_promise_range check (response_promise_days between 1 and 365),
    constraint jobs_status_known check (status in ('draft', 'in_review', 'published', 'paused', 'closed', 'expired',
        'removed')),
    constraint jobs_close_reason_when_ended check (close_reason is null or status in ('closed', 'expired', 'removed')),
    constraint jobs_published_at_set check (published_at is not null or status not in ('published', 'paused', 'closed',
        'expired'))
);
create index jobs_company_recent on jobs (company_id, created_at desc, id desc);
create index jobs_expiring on jobs (valid_through) where status in ('published', 'paused');
comment on table jobs is 'Vacancies. Absent members are NULL, absent lists empty. Read through job_documents and job_cards.';
comment on column jobs.reference is 'The company''s own identifier, unique in the company: the key of PUT.';
comment on column jobs.occupation is 'ESCO occupation URI the company gave; NULL: that of the role.';
comment on column jobs.valid_through is
    'Last day (UTC) on which it is open. After it every read treats the vacancy as expired, written or not.';
comment on column jobs.salary_payments is 'Monthly payments a year (13, 14 in Italy).';
comment on column jobs.published_at is 'First publication; a pause does not change it.';
comment on column jobs.ended_at is 'When it was closed, expired or removed.';
comment on column jobs.response_promise_days is 'Within how many days an applicant hears something.';
comment on column jobs.version is 'Counts visible changes; a write that changes nothing keeps it.';

create table job_events (
    id          uuid primary key default uuid_v7(),
    job_id      uuid not null references jobs (id) on delete cascade,
    at          timestamptz not null default now(),
    actor_kind  text not null,
    account_id  uuid references accounts (id) on delete set null,
    type        text not null,
    from_status text,
    to_status   text,
    version     integer not null,
    constraint job_events_actor_known check (actor_kind in ('company', 'operator', 'system')),
    constraint job_events_type_known check (type in ('created', 'updated', 'status_changed'))
);
create index job_events_job on job_events (job_id, id);
comment on table job_events is 'History of a vacancy, one row a change, written with the change.';

-- The texts that are sent. Uncompressed and in line up to a page, so that a read by id is one index descent and one
-- heap page.
create table job_documents (
    job_id        uuid primary key references jobs (id) on delete cascade,
    company_id    uuid not null,
    status        text not null,
    valid_through date,
    was_public    boolean not null,
    close_reason  text,
    ended_at      timestamptz,
    etag          text not null,
    document      text not null
) with (toast_tuple_target = 8160);
alter table job_documents alter column document set storage external;
comment on table job_documents is 'The public document of each vacancy, ready to send, and what decides who gets it.';
comment on column job_documents.was_public is 'Published at least once: after its end the public gets 410, else 404.';

create table job_cards (
    job_id                uuid primary key references jobs (id) on delete cascade,
    company_id            uuid not null,
    status                text not null,
    published_at          timestamptz,
    created_at            timestamptz not null,
    valid_through         date,
    role                  text,
    employment_type       text,
    contract              text,
    work_mode             text,
    confidentiality_level text not null,
    country               text,
    region                text,
    city                  text,
    card                  text not null
) with (toast_tuple_target = 4080);
alter table job_cards alter column card set storage external;
create index job_cards_newest on job_cards (published_at desc, job_id desc) where status = 'published';
create index job_cards_newest_of_company on job_cards (company_id, published_at desc, job_id desc)
    where status = 'published';
create index job_cards_newest_of_role on job_cards (role, published_at desc, job_id desc) where status = 'published';
create index job_cards_newest_in_country on job_cards (country, published_at desc, job_id desc) where status = 'published';
create index job_cards_newest_in_city on job_cards (lower(city), published_at desc, job_id desc)
    where status = 'published';
-- PostgreSQL takes no statistics from an expression of a partial index.
create statistics job_cards_places on (lower(city)), (lower(region)) from job_cards;
create index job_cards_own on job_cards (company_id, created_at desc, job_id desc);
comment on table job_cards is 'The listing entry of each vacancy, ready to send, with the columns that listings filter by.';

-- Backstop of the state machine: whatever code writes, a move that no actor may make is refused.
create function jobs_check_transition() returns trigger
language plpgsql
as $$
begin
    if not exists (select from job_transitions where from_status = old.status and to_status = new.status) then
        raise exception using errcode = 'check_violation', constraint = 'jobs_status_transition',
            message = format('a vacancy cannot go from %s to %s', old.status, new.status);
    end if;
    new.ended_at := case when new.status in ('closed', 'expired', 'removed') then coalesce(old.ended_at, now()) end;
    return new;
end
$$;
create trigger jobs_check_transition before update of status on jobs for each row
    when (old.status is distinct from new.status) execute function jobs_check_transition();

insert into rule_texts (code, en, it) values
    ('reference_unique', 'Another vacancy of the company has this reference.',
        'Un altro annuncio dell''azienda ha questo riferimento.'),
    ('salary_min_le_max', 'The maximum must not be below the minimum.', 'Il massimo non può essere inferiore al minimo.'),
    ('salary_whole', 'An amount needs a currency and a unit.', 'Un importo richiede valuta e unità di tempo.'),
    ('office_days_remote', 'A remote vacancy has no days in the office; hybrid has.',
        'Un lavoro da remoto non ha giorni in ufficio; uno ibrido sì.'),
    ('coordinates_both', 'Latitude and longitude go together.', 'Latitudine e longitudine vanno insieme.'),
    ('unknown_role', 'This role is not in the taxonomy.', 'Questo ruolo non è nella tassonomia.'),
    ('unknown_soft_skill', 'This skill is not in the taxonomy.', 'Questa qualità non è nella tassonomia.'),
    ('unknown_duty', 'This duty is not in the taxonomy.', 'Questa mansione non è nella tassonomia.'),
    ('duplicate_language', 'This language is listed twice.', 'Questa lingua è elencata due volte.'),
    ('duplicate_tool', 'This tool is listed twice.', 'Questo strumento è elencato due volte.'),
    ('duplicate_soft_skill', 'This skill is listed twice.', 'Questa qualità è elencata due volte.'),
    ('duplicate_question_id', 'Another question has this id.', 'Un''altra domanda ha questo id.'),
    ('question_options_required', 'A question of this type needs options.',
        'Una domanda di questo tipo richiede delle opzioni.'),
    ('close_reason_when_ended', 'Only a closed vacancy has a reason for closing.',
        'Solo un annuncio chiuso ha un motivo di chiusura.'),
    ('status_transition', 'This change of status is not allowed.', 'Questo cambio di stato non è ammesso.'),
    ('out_of_range', 'The value is out of range.', 'Il valore è fuori dai limiti.'),
    ('unknown_value', 'This value is not one of those allowed.', 'Questo valore non è fra quelli ammessi.'),
    ('publish_salary_required', 'A vacancy in Italy is published only with its pay: give min, max or both.',
        'Un annuncio in Italia si pubblica solo con la retribuzione: indicare min, max o entrambi.'),
    ('publish_valid_through_required', 'A vacancy in Italy is published only with its last day.',
        'Un annuncio in Italia si pubblica solo con la data di scadenza.'),
    ('publish_valid_through_past', 'The last day is over: a vacancy is published with a day to come.',
        'La scadenza è passata: un annuncio si pubblica con una data futura.'),
    ('publish_description_required', 'A vacancy is published only with a description.',
        'Un annuncio si pubblica solo con una descrizione.');

insert into constraint_rules (constraint_name, pointer, code) values
    ('jobs_reference_unique', '/reference', 'reference_unique'),
    ('jobs_reference_length', '/reference', 'out_of_range'),
    ('jobs_title_length', '/title', 'out_of_range'),
    ('jobs_language_form', '/language', 'unknown_value'),
    ('jobs_role_fkey', '/role', 'unknown_role'),
    ('jobs_employment_type_known', '/employment_type', 'unknown_value'),
    ('jobs_contract_known', '/contract', 'unknown_value'),
    ('jobs_work_mode_known', '/work_mode', 'unknown_value'),
    ('jobs_office_days_range', '/office_days_per_week', 'out_of_range'),
    ('jobs_office_days_remote', '/office_days_per_week', 'office_days_remote'),
    ('jobs_country_form', '/location/country', 'country_form'),
    ('jobs_latitude_range', '/location/latitude', 'out_of_range'),
    ('jobs_longitude_range', '/location/longitude', 'out_of_range'),
    ('jobs_coordinates_both', '/location', 'coordinates_both'),
    ('jobs_salary_min_positive', '/salary/min', 'out_of_range'),
    ('jobs_salary_max_positive', '/salary/max', 'out_of_range'),
    ('jobs_salary_min_le_max', '/salary/max', 'salary_min_le_max'),
    ('jobs_salary_currency_form', '/salary/currency', 'unknown_value'),
    ('jobs_salary_unit_known', '/salary/unit', 'unknown_value'),
    ('jobs_salary_whole', '/salary', 'salary_whole'),
    ('jobs_experience_range', '/experience_years_min', 'out_of_range'),
    ('jobs_travel_range', '/travel_percent', 'out_of_range'),
    ('jobs_confidentiality_known', '/confidentiality_level', 'unknown_value'),
    ('jobs_openings_range', '/openings', 'out_of_range'),
    ('jobs_response_promise_range', '/response_promise_days', 'out_of_range'),
    ('jobs_status_known', '/status', 'unknown_value'),
    ('jobs_status_transition', '/status', 'status_transition'),
    ('jobs_close_reason_when_ended', '/close_reason', 'close_reason_when_ended');
