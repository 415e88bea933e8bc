-- A company with :vacancies vacancies and an application to each of them from each of :people people, with what its own people say
-- of them. \set company, vacancies, people before it. The words of the search are made once for each person, as the triggers
-- make them, and taken over for the other vacancies: two texts to analyse instead of ten.
\set ON_ERROR_STOP on

begin;
set local synchronous_commit = off;

create temporary table vacancy as
select id as job_id, row_number() over (order by id) as v
from jobs where company_id = :'company' and status = 'published' and questions = '[]' order by id limit :vacancies;

insert into accounts (id, kind, email, password_hash, name)
select md5('list' || n)::uuid, 'candidate', 'list' || n || '@posta.example', '!', 'Carla' from generate_series(1, :people) as n;

insert into candidates (id, account_id, given_name, family_name, profile)
select md5('person' || n)::uuid, md5('list' || n)::uuid, 'Carla', 'Neri ' || n,
    jsonb_build_object('phone', '+39 02 ' || 5550000 + n, 'headline', 'Executive assistant, ' || n % 20 || ' years beside chief executives',
        'location', '{"country": "IT", "region": "Lombardia", "city": "Milano"}'::jsonb,
        'languages', jsonb_build_array('{"language": "it", "level": "C2"}'::jsonb, jsonb_build_object('language', 'en', 'level',
            (array['B1', 'B2', 'C1', 'C2'])[1 + n % 4])),
        'tools', '[{"name": "Microsoft 365", "level": "advanced"}, {"name": "SAP Concur", "level": "basic"}]'::jsonb,
        'soft_skills', '["confidentiality", "time_management"]'::jsonb,
        'work', '[{"name": "Verdi S.r.l.", "position": "Executive assistant", "start_date": "2017-05"},
            {"name": "Bianchi S.p.A.", "position": "Secretary", "start_date": "2012-01", "end_date": "2017-04"}]'::jsonb)
from generate_series(1, :people) as n;

-- A kilobyte, of sentences that differ: one word is in all of them, others in a tenth.
create temporary table letter as
select n, string_agg(sentence, ' ' order by k) as text
from generate_series(1, :people) as n, generate_series(1, 10) as k, lateral (values ((array[
    'I have kept the diary of two chief executives across four time zones.',
    'Board papers, minutes and the follow-up of what was decided were mine for six years.',
    'Viaggi, note spese e trasferte: dalla prima richiesta al rimborso.',
    'Ho tradotto la corrispondenza del presidente in inglese e in tedesco.',
    'Guests, suppliers and colleagues found me first, in person and by telephone.',
    'I know what not to say, and to whom.',
    'Spreadsheets and presentations are checked before they leave my desk.',
    'Organizzo eventi fino a trecento persone con un preventivo che tiene.',
    'Contracts and personal data stay where they belong.',
    'When everything is urgent I ask what may wait, and mostly somebody knows.'])[1 + (n * 7 + k * k * (1 + n % 3)) % 10]
        || ' Reference ' || n % 1000 || '.')) as s (sentence)
group by n;

create temporary table sent as
select md5('application' || v || '.' || n)::uuid as id, job_id, v, n, md5('person' || n)::uuid as candidate_id,
    now() - (n * 10 + v) * interval '20 seconds' as at
from vacancy, generate_series(1, :people) as n;

select set_config('segreteria.rows_at_once', 'on', true);
insert into applications (id, job_id, company_id, candidate_id, cover_letter, submitted_at, updated_at, attempt, assignee_id)
select s.id, s.job_id, :'company', s.candidate_id, l.text, s.at, s.at, 1,
    case when s.n % 4 = 0 then (select id from company_members where company_id = :'company' limit 1) end
from sent s join letter l using (n);

create temporary table word as
select s.n, application_search_words(a) as words from sent s join applications a using (id) where s.v = 1;

insert into application_search (application_id, company_id, job_id, candidate_id, submitted_at, updated_at, words)
select s.id, :'company', s.job_id, s.candidate_id, s.at, s.at,
    ts_delete(w.words, 'j:' || first.job_id) || search_quoted('j:' || s.job_id)::tsvector
from sent s join word w using (n), vacancy first where first.v = 1;

insert into company_tags (company_id, key, label) values (:'company', 'call on thursday', 'Call on Thursday');
insert into application_tags (application_id, company_id, key) select id, :'company', 'call on thursday' from sent where n % 5 = 0;
insert into review_criteria (company_id, criteria) values (:'company', '[{"id": "discretion", "label": "Discretion"}]');
insert into application_ratings (application_id, account_id, criterion, value)
select s.id, m.account_id, 'discretion', 1 + s.n % 5
from sent s, company_members m where m.company_id = :'company' and s.n % 3 = 0;
commit;

vacuum analyze applications, application_search, candidates, accounts, application_tags, application_ratings;
checkpoint;
