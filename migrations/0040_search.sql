-- The search read model: for each published vacancy one row with all that search needs, made in the transaction that changes
-- the vacancy; the vocabularies that go with it; the log of changes. docs/search.md defines every column's meaning.

-- --- Words ---------------------------------------------------------------------------------------------------------------

create table search_dictionaries (
    id       smallint primary key,
    config   regconfig not null,
    language text unique,
    in_use   boolean not null default false
);
comment on table search_dictionaries is 'Which text search configuration stems the vacancies of a language.';
comment on column search_dictionaries.language is 'ISO 639-1; NULL: the one for all other languages.';
comment on column search_dictionaries.in_use is 'Some vacancy has, or had, this dictionary.';
insert into search_dictionaries (id, config, language, in_use)
select n, c.oid::regconfig, language, n <= 2
from (values (0, 'simple', null), (1, 'italian', 'it'), (2, 'english', 'en'), (3, 'french', 'fr'), (4, 'german', 'de'),
    (5, 'spanish', 'es'), (6, 'portuguese', 'pt'), (7, 'dutch', 'nl'), (8, 'danish', 'da'), (9, 'finnish', 'fi'),
    (10, 'hungarian', 'hu'), (11, 'norwegian', 'no'), (12, 'romanian', 'ro'), (13, 'russian', 'ru'), (14, 'swedish', 'sv'),
    (15, 'turkish', 'tr'), (16, 'arabic', 'ar'), (17, 'armenian', 'hy'), (18, 'basque', 'eu'), (19, 'catalan', 'ca'),
    (20, 'greek', 'el'), (21, 'hindi', 'hi'), (22, 'indonesian', 'id'), (23, 'irish', 'ga'), (24, 'lithuanian', 'lt'),
    (25, 'nepali', 'ne'), (26, 'serbian', 'sr'), (27, 'tamil', 'ta'), (28, 'yiddish', 'yi')) as d (n, name, language)
join pg_ts_config c on c.cfgname = d.name and c.cfgnamespace = 'pg_catalog'::regnamespace;

-- Written without the extension unaccent, which a managed server may not have, and the same whatever the data base's locale.
create function search_fold(source text) returns text
language plpgsql immutable parallel safe strict
as $$
begin
    if octet_length(source) <> length(source) then
        source := regexp_replace(normalize(source, NFKD), '[\u0300-\u036f]+', '', 'g');
        source := translate(source, 'øØłŁđĐıðÐ', 'oOlLdDidD');
        source := replace(replace(replace(replace(source, 'ß', 'ss'), 'ẞ', 'ss'), 'æ', 'ae'), 'Æ', 'ae');
        source := replace(replace(replace(replace(source, 'œ', 'oe'), 'Œ', 'oe'), 'þ', 'th'), 'Þ', 'th');
        return btrim(regexp_replace(lower(source),
            '[^a-z0-9\u00df-\u00f6\u00f8-\u02af\u0370-\u1fff\u2c00-\u2dff\u3005-\ud7ff\uf900-\ufaff]+', ' ', 'g'));
    end if;
    return btrim(regexp_replace(lower(source), '[^a-z0-9]+', ' ', 'g'));
end
$$;
comment on function search_fold(text) is
    'Lower case without accents, words separated by one space: what is compared in place of text that people write.';

create function search_slug(source text) returns text
language sql immutable parallel safe strict
as $$ select replace(search_fold(source), ' ', '_') $$;

-- The text of Markdown, as far as words go: the addresses of links and images, bare addresses and tags are not words of it.
create function search_text(markdown text) returns text
language sql immutable parallel safe strict
as $$
    select regexp_replace(regexp_replace(regexp_replace(markdown, '\]\([^()\s]*(\s+"[^"]*")?\)', ' ', 'g'),
        'https?://[^\s<>)\]]+', ' ', 'g'), '</?[a-zA-Z][^<>]*>', ' ', 'g')
$$;
comment on function search_text(text) is 'Markdown without addresses and tags.';

create function search_dictionary(language text, country text) returns smallint
language plpgsql stable
as $$
declare
    wanted text := lower(split_part(language, '-', 1));
begin
    wanted := case when wanted in ('nb', 'nn') then 'no' when wanted is not null then wanted
        when country in ('IT', 'SM', 'VA') then 'it' when country in ('GB', 'IE', 'US', 'CA', 'AU', 'NZ') then 'en'
        when country in ('DE', 'AT') then 'de' when country = 'FR' then 'fr' when country = 'ES' then 'es'
        when country in ('PT', 'BR') then 'pt' when country = 'NL' then 'nl' end;
    return coalesce((select d.id from search_dictionaries d where d.language = wanted), 0);
end
$$;
comment on function search_dictionary(text, text) is 'The dictionary of a vacancy in this language, or in this country if it names none.';

-- Eight positions without a word between two texts, so that no phrase runs from one into the next. They are held by a
-- sign that no text has as a word; who joined takes it out at the end (ts_delete keeps the positions).
create function search_join(a tsvector, b tsvector) returns tsvector
language sql immutable parallel safe
as $$ select case when a = '' then b when b = '' then a else a || '''|'':8'::tsvector || b end $$;

create aggregate search_join_agg(tsvector) (sfunc = search_join, stype = tsvector, initcond = '');

-- --- Roles by other names ------------------------------------------------------------------------------------------------

create table role_labels (
    role   text not null references roles (code),
    lang   text not null,
    label  text not null,
    folded text not null generated always as (search_fold(label)) stored,
    primary key (role, lang, label),
    constraint role_labels_lang_known check (lang in ('en', 'it'))
);
comment on table role_labels is
    'What else people call a role, in the forms they write: found as if the vacancy said it. English: ESCO''s alternative labels.';

create table role_words (
    role       text not null references roles (code),
    dictionary smallint not null references search_dictionaries (id),
    words      tsvector not null,
    primary key (role, dictionary)
);
comment on table role_words is 'The labels of a role as lexemes of a dictionary; made by role_words_of when first needed.';

create function role_words_of(wanted text, in_dictionary smallint) returns tsvector
language plpgsql volatile
as $$
declare
    found_words tsvector;
begin
    select w.words into found_words from role_words w where w.role = wanted and w.dictionary = in_dictionary;
    if not found then
        select setweight(ts_delete(search_join_agg(to_tsvector(d.config, search_fold(l.label)) order by l.n, l.label), '|'), 'B')
        into found_words
        from search_dictionaries d, (
            select 1 as n, r.it as label from roles r where r.code = wanted
            union select 2, r.en from roles r where r.code = wanted
            union select 3, k.label from role_labels k where k.role = wanted) as l
        where d.id = in_dictionary;
        insert into role_words values (wanted, in_dictionary, found_words) on conflict do nothing;
        perform search_remember_words((select string_agg(l.label, ' ') from role_labels l where l.role = wanted), in_dictionary);
    end if;
    return found_words;
end
$$;

-- --- Places --------------------------------------------------------------------------------------------------------------

create table places (
    id         integer primary key,
    name       text not null,
    local_name text,
    country    text not null,
    region     text,
    province   text,
    latitude   double precision not null,
    longitude  double precision not null,
    population integer not null,
    constraint places_country_form check (country ~ '^[A-Z]{2}$')
);
create index places_province on places (province, population desc) where country = 'IT';
comment on table places is 'The gazetteer: towns of Italy, Europe and the world, from GeoNames and ISTAT (see NOTICE).';
comment on column places.id is 'GeoNames'' number.';
comment on column places.local_name is 'ISTAT''s name of a comune, where it differs from the international one.';
comment on column places.region is 'In Italy: the region''s name.';
comment on column places.province is 'In Italy: the province''s code.';

create table place_names (
    key      text not null,
    place_id integer not null references places (id) on delete cascade,
    primary key (key, place_id)
);
create index place_names_prefix on place_names (key text_pattern_ops);
create index place_names_place on place_names (place_id);
comment on table place_names is 'Each name of a place, folded.';

-- Of several places of the name: the one in the region or province that is named, else the largest.
create function place_of(in_country text, in_region text, in_city text) returns places
language plpgsql stable
as $$
declare
    place places;
    region_key text := search_fold(in_region);
begin
    select p.* into place
    from place_names n join places p on p.id = n.place_id
    where n.key = search_fold(in_city) and p.country = in_country
    order by (search_fold(p.region) = region_key or lower(p.province) = region_key) desc nulls last, p.population desc, p.id
    limit 1;
    return place;
end
$$;
comment on function place_of(text, text, text) is 'The place a vacancy''s location names; all NULL if the gazetteer has none.';

-- --- The rows ------------------------------------------------------------------------------------------------------------

create table job_search (
    job_id                uuid primary key references jobs (id) on delete cascade,
    version               integer not null,
    published_at          timestamptz not null,
    valid_through         date,
    dictionary            smallint not null references search_dictionaries (id),
    company_id            uuid not null,
    role                  text,
    employment_type       text,
    contract              text,
    work_mode             text,
    confidentiality_level text not null,
    country               text,
    region                text,
    city                  text,
    latitude              double precision,
    longitude             double precision,
    salary_currency       text,
    salary_low            bigint,
    salary_high           bigint,
    office_days           smallint,
    languages             text[] not null,
    language_levels       smallint[] not null,
    language_musts        boolean[] not null,
    tools                 text[] not null,
    soft_skills           text[] not null,
    duties                text[] not null,
    title                 text not null,
    words                 tsvector not null
);
comment on table job_search is 'One row for each published vacancy (expired by the clock or not): the input of search.';
comment on column job_search.region is 'Folded; search_labels has the name to show. So are city and tools.';
comment on column job_search.salary_low is 'Comparable yearly pay, whole units of salary_currency; NULL: undisclosed.';
comment on column job_search.office_days is 'Days at the office, said or usual for the work mode; NULL: not known.';
comment on column job_search.languages is 'ISO 639 codes, with language_levels (1 = A1 .. 6 = C2) and language_musts beside them.';
comment on column job_search.title is 'Folded.';
comment on column job_search.words is 'Lexemes of the dictionary; A title, B role, C tools, company, place, D description.';

create table search_labels (
    kind  text not null,
    key   text not null,
    label text not null,
    primary key (kind, key),
    constraint search_labels_kind_known check (kind in ('city', 'region', 'tool'))
);
comment on table search_labels is 'What to show for a folded value: the gazetteer''s or taxonomy''s name, else as first written.';

create table search_words (
    dictionary smallint not null references search_dictionaries (id),
    word       text not null,
    lexeme     text not null,
    primary key (dictionary, word)
);
create index search_words_prefix on search_words (word text_pattern_ops);
comment on table search_words is
    'Words of vacancies, folded, with what their dictionary makes of them: the vocabulary for misspelt queries. Words of '
    'vacancies that ended stay: whether one is in use, the vacancies say.';

create table job_changes (
    seq    bigint generated always as identity primary key,
    job_id uuid not null,
    txid   xid8 not null default pg_current_xact_id(),
    at     timestamptz not null default clock_timestamp()
);
create index job_changes_txid on job_changes (txid, job_id);
comment on table job_changes is
    'A row for each change of what the public sees of a vacancy or search finds by, in the transaction of the change.';

create function search_yearly(amount numeric, unit text, payments integer, country text) returns bigint
language sql immutable parallel safe
as $$
    select round(amount * case unit when 'hour' then 2080 when 'day' then 260
        when 'month' then coalesce(payments, case when country = 'IT' then 13 else 12 end) else 1 end)::bigint
$$;
comment on function search_yearly(numeric, text, integer, text) is 'Pay as a year''s pay of full-time work, in whole units.';

alter table tools add column slug text generated always as (search_slug(name)) stored;
create index tools_slug on tools (slug);
comment on column tools.slug is 'What search makes of the name; a vacancy''s tool of this name is meant to be this one.';

create function search_tool_key(tool text) returns text
language plpgsql stable
as $$
declare
    wanted text := search_slug(tool);
begin
    return coalesce((select t.code from tools t where wanted in (t.code, t.slug) order by t.code = wanted desc, t.code limit 1),
        wanted);
end
$$;
comment on function search_tool_key(text) is 'The taxonomy''s code of a tool named by code or name, else its folded name.';

create function company_searchable(c companies) returns boolean
language sql stable
as $$ select true $$;
comment on function company_searchable(companies) is 'Whether the company''s vacancies are found.';

create function job_search_words(j jobs, c companies, in_dictionary smallint, place places) returns tsvector
language plpgsql volatile
as $$
declare
    dictionary regconfig := (select d.config from search_dictionaries d where d.id = in_dictionary);
    words tsvector := setweight(to_tsvector(dictionary, search_fold(j.title)), 'A');
begin
    if j.role is not null then
        words := search_join(words, role_words_of(j.role, in_dictionary));
    end if;
    words := search_join(words, (
        select setweight(search_join_agg(to_tsvector(dictionary, search_fold(t)) order by n), 'C')
        from (select e ->> 'name', n from jsonb_array_elements(j.tools) with ordinality as e (e, n)
            union all values (c.name, 1001), (j.city, 1002), (coalesce(j.region, place.region), 1003)
            union all select key, 1003 + row_number() over (order by key) from place_names
                where place_id = place.id and key <> search_fold(j.city)) as texts (t, n)
        where t is not null));
    return ts_delete(
        search_join(words, setweight(to_tsvector(dictionary, search_fold(search_text(coalesce(j.description, '')))), 'D')), '|');
end
$$;

create function search_remember_labels(r job_search, j jobs, place places) returns void
language plpgsql volatile
as $$
begin
    if r.city is not null and not exists (select from search_labels where kind = 'city' and key = r.city) then
        insert into search_labels values ('city', r.city, coalesce(case r.city when search_fold(place.local_name) then
            place.local_name when search_fold(place.name) then place.name end, btrim(j.city))) on conflict do nothing;
    end if;
    if r.region is not null and not exists (select from search_labels where kind = 'region' and key = r.region) then
        insert into search_labels values ('region', r.region, btrim(coalesce(j.region, place.region)))
        on conflict do nothing;
    end if;
    if not r.tools <@ array(select key from search_labels where kind = 'tool' and key = any (r.tools)) then
        insert into search_labels
        select distinct on (key) 'tool', key, coalesce(k.name, btrim(said))
        from (select t ->> 'name' as said, search_tool_key(t ->> 'name') as key from jsonb_array_elements(j.tools) as t) as t
        left join tools k on k.code = t.key
        order by key
        on conflict do nothing;
    end if;
end
$$;

-- Inserted in one order, so that of two transactions with the same new words one waits for the other, and not both.
create function search_remember_words(source text, in_dictionary smallint) returns void
language plpgsql volatile
as $$
declare
    said text[] := array(select distinct w from unnest(string_to_array(search_fold(source), ' ')) as w
        where length(w) between 3 and 30 and w !~ '[0-9]');
    fresh text[] := array(select unnest(said) except
        select k.word from search_words k where k.dictionary = in_dictionary and k.word = any (said));
begin
    if fresh <> '{}' then
        insert into search_words (dictionary, word, lexeme)
        select in_dictionary, w, lexeme
        from unnest(fresh) as w, search_dictionaries d,
            lateral (select (tsvector_to_array(to_tsvector(d.config, w)))[1] as lexeme) as l
        where d.id = in_dictionary and lexeme is not null
        order by w
        on conflict do nothing;
    end if;
end
$$;

create function job_search_row(j jobs, c companies, place places) returns job_search
language plpgsql volatile
as $$
declare
    r job_search;
begin
    r.job_id := j.id;
    r.version := j.version;
    r.published_at := j.published_at;
    r.valid_through := j.valid_through;
    r.dictionary := search_dictionary(j.language, j.country);
    r.company_id := j.company_id;
    r.role := j.role;
    r.employment_type := j.employment_type;
    r.contract := j.contract;
    r.work_mode := j.work_mode;
    r.confidentiality_level := j.confidentiality_level;
    r.country := j.country;
    r.region := nullif(search_fold(coalesce(j.region, place.region)), '');
    r.city := nullif(search_fold(j.city), '');
    r.latitude := coalesce(j.latitude, place.latitude);
    r.longitude := coalesce(j.longitude, place.longitude);
    r.salary_low := search_yearly(coalesce(j.salary_min, j.salary_max), j.salary_unit, j.salary_payments, j.country);
    r.salary_high := search_yearly(coalesce(j.salary_max, j.salary_min), j.salary_unit, j.salary_payments, j.country);
    r.salary_currency := case when r.salary_high is not null then j.salary_currency end;
    r.office_days := coalesce(j.office_days_per_week, case j.work_mode when 'remote' then 0 when 'hybrid' then 3
        when 'on_site' then 5 end);
    select coalesce(array_agg(lower(split_part(l ->> 'language', '-', 1)) order by n), '{}'),
        coalesce(array_agg(coalesce(v.position, 1) order by n), '{}'),
        coalesce(array_agg(l ->> 'importance' is distinct from 'nice' order by n), '{}')
    into r.languages, r.language_levels, r.language_musts
    from jsonb_array_elements(j.languages) with ordinality as e (l, n) left join cefr_levels v on v.code = l ->> 'level';
    r.tools := array(select distinct search_tool_key(t ->> 'name') from jsonb_array_elements(j.tools) as t order by 1);
    r.soft_skills := array(select distinct s ->> 'skill' from jsonb_array_elements(j.soft_skills) as s order by 1);
    r.duties := array(select distinct d from unnest(j.duties) as d order by 1);
    r.title := search_fold(j.title);
    r.words := job_search_words(j, c, r.dictionary, place);
    return r;
end
$$;
comment on function job_search_row(jobs, companies, places) is 'What search needs to know of a vacancy.';

create function job_search_store(j jobs, c companies) returns void
language plpgsql volatile
as $$
declare
    r job_search;
    place places;
begin
    if j.status <> 'published' or not company_searchable(c) then
        delete from job_search where job_id = j.id;
        return;
    end if;
    place := place_of(j.country, j.region, j.city);
    r := job_search_row(j, c, place);
    update search_dictionaries set in_use = true where id = r.dictionary and not in_use;
    perform search_remember_words(concat_ws(' ', j.title, c.name, j.city, j.region, place.region,
        (select string_agg(key, ' ') from place_names where place_id = place.id), (select string_agg(t ->> 'name', ' ') from jsonb_array_elements(j.tools) as t),
        search_text(j.description)), r.dictionary);
    perform search_remember_labels(r, j, place);
    delete from job_search where job_id = j.id;
    insert into job_search select (r).*;
end
$$;
comment on function job_search_store(jobs, companies) is 'Puts a vacancy''s row of job_search into step with it.';

create function jobs_search() returns trigger
language plpgsql
as $$
begin
    perform job_search_store(new, c) from companies c where c.id = new.company_id;
    return null;
end
$$;
-- After jobs_render (triggers fire by name), which has locked the company.
create trigger jobs_search_insert after insert on jobs for each row
    when (new.status = 'published') execute function jobs_search();
create trigger jobs_search_update after update on jobs for each row
    when (old.status = 'published' or new.status = 'published') execute function jobs_search();

create function job_search_refresh(company uuid) returns integer
language plpgsql volatile
as $$
declare
    n integer;
begin
    with done as (
        select job_search_store(j, c), j.id from jobs j join companies c on c.id = j.company_id
        where j.status = 'published' and (company is null or c.id = company) order by j.id
    ), logged as (
        insert into job_changes (job_id) select id from done
    )
    select count(*) into n from done;
    perform pg_notify('segreteria_jobs', '');
    return n;
end
$$;
comment on function job_search_refresh(uuid) is
    'Makes the rows of a company (NULL: of all) anew and logs them: after a suspension, or when labels or places have changed.';

create function companies_search() returns trigger
language plpgsql
as $$
begin
    update job_search s set words = job_search_words(j, new, s.dictionary, place_of(j.country, j.region, j.city))
    from jobs j where s.company_id = new.id and j.id = s.job_id;
    perform search_remember_words(new.name, d.id) from search_dictionaries d where d.in_use order by d.id;
    return null;
end
$$;
create index job_search_company on job_search (company_id);
create trigger companies_search after update on companies for each row
    when (old.name is distinct from new.name) execute function companies_search();

create index job_search_words on job_search using gin (words);
create index job_search_recent on job_search (published_at desc, job_id desc);

-- What a vacancy's public text says has changed: logged, and said once a transaction (equal notifications are folded).
create or replace function job_documents_notify() returns trigger
language plpgsql
as $$
begin
    insert into job_changes (job_id) values (coalesce(new.job_id, old.job_id));
    perform pg_notify('segreteria_jobs', '');
    return null;
end
$$;
comment on function job_documents_notify() is 'Logs the change in job_changes, with NOTIFY segreteria_jobs.';
create trigger job_documents_notify_delete after delete on job_documents for each row
    when (old.was_public) execute function job_documents_notify();
