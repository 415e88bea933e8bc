-- Synthetic data for measurements: psql -v n=100000 -f tests/bench/generate.sql
-- Makes n vacancies (9 of 10 published) of n/50 companies, n/10 candidates, n/5 applications, a token each for the first
-- company and candidate. Everything follows from n and the row number, so that two runs give the same data. Rows go
-- through the tables' own triggers: documents and cards are those that the server would have written.
\set ON_ERROR_STOP on
\if :{?n}
\else
    \set n 100000
\endif

begin;
set local synchronous_commit = off;

-- A repeatable id of a kind of row: version 7 in form, growing with i like a real one.
create function pg_temp.id(kind integer, i bigint) returns uuid language sql immutable as $$
    select (lpad(to_hex(1790000000000 + i * 1000), 12, '0') || '7' || lpad(to_hex(kind), 3, '0') || '8'
        || substr(md5(kind || '.' || i), 1, 15))::uuid
$$;
-- A pseudo-random whole number in 0 .. range - 1.
create function pg_temp.pick(i bigint, salt text, range integer) returns integer language sql immutable as $$
    select (abs(hashtextextended(salt || i, 7)) % range)::integer
$$;

insert into accounts (id, kind, email, password_hash, name)
select pg_temp.id(1, i), 'company', 'owner' || i || '@azienda.example', '!', 'Titolare ' || i
from generate_series(1, greatest(:n / 50, 1)) as i;

insert into companies (id, kind, legal_name, name, country, verified_at)
select pg_temp.id(2, i), case when i % 7 = 0 then 'agency' else 'employer' end,
    'Azienda ' || i || ' S.r.l.', 'Azienda ' || i, (array['IT', 'IT', 'IT', 'GB', 'CH', 'DE'])[1 + i % 6],
    case when i % 3 > 0 then now() end
from generate_series(1, greatest(:n / 50, 1)) as i;

insert into company_members (company_id, account_id, role)
select pg_temp.id(2, i), pg_temp.id(1, i), 'owner' from generate_series(1, greatest(:n / 50, 1)) as i;

create temporary table place (n integer, country text, region text, city text, latitude numeric, longitude numeric);
insert into place values
    (0, 'IT', 'Lombardia', 'Milano', 45.4642, 9.1900), (1, 'IT', 'Lazio', 'Roma', 41.9028, 12.4964),
    (2, 'IT', 'Piemonte', 'Torino', 45.0703, 7.6869), (3, 'IT', 'Emilia-Romagna', 'Bologna', 44.4949, 11.3426),
    (4, 'IT', 'Veneto', 'Padova', 45.4064, 11.8768), (5, 'IT', 'Toscana', 'Firenze', 43.7696, 11.2558),
    (6, 'IT', 'Campania', 'Napoli', 40.8518, 14.2681), (7, 'IT', 'Lombardia', 'Bergamo', 45.6983, 9.6773),
    (8, 'GB', 'Greater London', 'London', 51.5072, -0.1276), (9, 'CH', 'Ticino', 'Lugano', 46.0037, 8.9511);

insert into jobs (id, company_id, reference, title, description, language, role, employment_type, contract, work_mode,
    office_days_per_week, country, region, city, latitude, longitude, salary_min, salary_max, salary_currency, salary_unit,
    salary_payments, agreement_code, languages, tools, soft_skills, experience_years_min, principals, travel_percent,
    confidentiality_level, duties, questions, openings, start_date, valid_through, response_promise_days, status,
    published_at, created_at, updated_at)
select pg_temp.id(3, i), pg_temp.id(2, 1 + pg_temp.pick(i, 'company', greatest(:n / 50, 1))), 'REF-' || i,
    r.en || ' to the ' || (array['CEO', 'CFO', 'Managing Director', 'Board', 'General Counsel', 'Head of Sales'])[
        1 + pg_temp.pick(i, 'boss', 6)] || ', ' || p.city,
    'We are looking for an experienced **' || r.en || '** in ' || p.city || E'.\n\n## What you will do\n\n'
        || (select string_agg('- ' || sentence, E'\n') from (
            select (array['Keep a complex diary across time zones and protect the time of the people you work for.',
                'Prepare meetings of the board: agenda, papers, minutes, follow-up of what was decided.',
                'Organise travel from the first request to the expense report.',
                'Write and translate correspondence in Italian and English with care for tone.',
                'Be the first contact for guests, partners and colleagues, in person and by telephone.',
                'Keep contracts and personal data confidential, and know what not to say.',
                'Prepare presentations and spreadsheets, and check the figures in them.',
                'Coordinate suppliers, purchases and the small projects nobody else has time for.'])[
                1 + (pg_temp.pick(i, 'do', 8) + k) % 8] as sentence
            from generate_series(0, 3 + pg_temp.pick(i, 'lines', 5)) as k) as s)
        || E'\n\n## Who you are\n\nAt least ' || pg_temp.pick(i, 'years', 8)
        || ' years in a similar role, excellent written English, discretion, and the calm to set priorities when'
        || E' everything is urgent. You like to work on your own and with others.\n\n## What we offer\n\n'
        || 'A permanent place in a team that knows what an assistant is worth, training, and meal vouchers. Reference REF-'
        || i || '.',
    'en', r.code, (array['full_time', 'full_time', 'full_time', 'part_time', 'temporary'])[1 + pg_temp.pick(i, 'et', 5)],
    (array['permanent', 'permanent', 'fixed_term', 'agency'])[1 + pg_temp.pick(i, 'contract', 4)],
    (array['on_site', 'hybrid', 'remote'])[1 + pg_temp.pick(i, 'mode', 3)],
    case pg_temp.pick(i, 'mode', 3) when 1 then 1 + pg_temp.pick(i, 'days', 4) end,
    p.country, p.region, p.city, p.latitude, p.longitude,
    24000 + 500 * pg_temp.pick(i, 'pay', 60), 30000 + 500 * pg_temp.pick(i, 'pay', 60),
    case p.country when 'GB' then 'GBP' when 'CH' then 'CHF' else 'EUR' end, 'year',
    case when p.country = 'IT' then 14 end, case when p.country = 'IT' then 'H011' end,
    jsonb_build_array(jsonb_build_object('language', 'en', 'level',
        (array['B1', 'B2', 'C1', 'C2'])[1 + pg_temp.pick(i, 'level', 4)], 'importance', 'must'),
        jsonb_build_object('language', 'it', 'level', 'C1', 'importance', 'nice')),
    '[{"name": "Microsoft 365", "level": "advanced", "importance": "must"},
      {"name": "SAP Concur", "level": "basic", "importance": "nice"}]',
    '[{"skill": "confidentiality", "importance": "must"}, {"skill": "time_management", "importance": "must"},
      {"skill": "proactivity", "importance": "nice"}]',
    pg_temp.pick(i, 'years', 8), '[{"level": "chief_executive", "count": 1}]', 5 * pg_temp.pick(i, 'travel', 5),
    (array['standard', 'standard', 'high', 'board'])[1 + pg_temp.pick(i, 'conf', 4)],
    array['diary', 'travel', (array['events', 'expenses', 'board_minutes', 'correspondence'])[
        1 + pg_temp.pick(i, 'duty', 4)]],
    case when i % 4 = 0 then '[{"id": "notice", "type": "number", "label": "Days of notice?", "required": true},
      {"id": "start", "type": "date", "label": "When could you start?"}]'::jsonb else '[]' end,
    1 + pg_temp.pick(i, 'openings', 2), null, (now() + interval '200 days')::date,
    case when i % 2 = 0 then 14 end,
    case when i % 10 < 9 then 'published' else 'draft' end,
    case when i % 10 < 9 then now() - (:n - i) * interval '20 seconds' end,
    now() - (:n - i) * interval '20 seconds', now() - (:n - i) * interval '20 seconds'
from generate_series(1, :n) as i
join place p on p.n = pg_temp.pick(i, 'place', 10)
join roles r on r.position = 1 + pg_temp.pick(i, 'role', 14);

insert into accounts (id, kind, email, password_hash, name)
select pg_temp.id(4, i), 'candidate', 'candidate' || i || '@posta.example', '!', 'Carla ' || i
from generate_series(1, greatest(:n / 10, 1)) as i;

insert into candidates (id, account_id, given_name, family_name, profile)
select pg_temp.id(5, i), pg_temp.id(4, i), 'Carla', 'Neri ' || i,
    '{"headline": "Executive assistant", "languages": [{"language": "en", "level": "C1"}]}'
from generate_series(1, greatest(:n / 10, 1)) as i;

insert into applications (id, job_id, company_id, candidate_id, cover_letter, answers, submitted_at)
select pg_temp.id(6, i), j.id, j.company_id, pg_temp.id(5, 1 + pg_temp.pick(i, 'who', greatest(:n / 10, 1))),
    repeat('I have kept diaries and secrets for ten years. ', 1 + pg_temp.pick(i, 'letter', 20)), '[]',
    now() - (:n - i) * interval '3 seconds'
from generate_series(1, :n / 5) as i
join jobs j on j.id = pg_temp.id(3, 1 + pg_temp.pick(i, 'job', :n)) and j.status = 'published'
on conflict do nothing;

insert into application_events (application_id, actor_kind, type, to_status, at)
select id, 'candidate', 'submitted', 'submitted', submitted_at from applications;

-- Their hashes are not of any real token: look-ups by hash are measured with them.
insert into api_tokens (id, account_id, name, prefix, token_hash, scopes)
select pg_temp.id(7, i), pg_temp.id(1, i), 'bench', 'sgr_bench', sha256(('token' || i)::bytea),
    array['jobs:read', 'jobs:write', 'applications:read', 'applications:write']
from generate_series(1, greatest(:n / 50, 1)) as i;

commit;
vacuum analyze;
select (select count(*) from jobs) as jobs, (select count(*) from companies) as companies,
    (select count(*) from candidates) as candidates, (select count(*) from applications) as applications,
    (select round(avg(length(document))) from job_documents) as document_bytes,
    (select round(avg(length(card))) from job_cards) as card_bytes;
