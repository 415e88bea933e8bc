-- Saving a vacancy: search's row is made anew as far as what changed asks for it. Most changes are not of the text, which is what
-- costs: folding it, its lexemes, the words it may bring to the vocabulary, and their entries in the index of words.

-- The gazetteer is as large from the first vacancy on as it will be: without statistics a place costs twenty times as much.
analyze places;
analyze place_names;

-- One probe of the index a word, whatever the planner thinks of a table that grows.
create or replace function search_remember_words(source text, in_dictionary smallint) returns void
language plpgsql volatile
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
    insert into search_words (dictionary, word, lexeme)
    select in_dictionary, w, lexeme
    from (
        select w from (select distinct w from string_to_table(search_fold(source), ' ') as w where length(w) between 3 and 30) as said
        where not exists (select from search_words k where k.dictionary = in_dictionary and k.word = said.w) and w !~ '[0-9]'
        offset 0
    ) as fresh, search_dictionaries d,
        lateral (select (tsvector_to_array(to_tsvector(d.config, w)))[1] as lexeme) as l
    where d.id = in_dictionary and lexeme is not null
    order by w
    on conflict do nothing;
end
$$;
comment on function search_remember_words(text, smallint) is
    'Adds the words of the text to the vocabulary. In one order, so that of two transactions with the same new words one waits for '
    'the other, and not both.';

-- What a vacancy is without members that search does not know.
create function job_search_facts(j jobs) returns jsonb
language sql stable
as $$
    select to_jsonb(j) - array['version', 'updated_at', 'reference', 'occupation', 'postal_code', 'experience_years_min', 'principals',
        'travel_percent', 'questions', 'openings', 'start_date', 'response_promise_days', 'agreement_code', 'agreement_level',
        'close_reason', 'blind_review']
$$;
comment on function job_search_facts(jobs) is
    'What of a vacancy may matter to search: a column that is not named here counts, so a new one does until it is.';

create function job_search_texts(facts jsonb) returns jsonb
language sql immutable parallel safe
as $$
    select facts - array['employment_type', 'contract', 'work_mode', 'office_days_per_week', 'salary_min', 'salary_max',
        'salary_currency', 'salary_unit', 'salary_payments', 'languages', 'soft_skills', 'duties', 'valid_through', 'latitude',
        'longitude', 'confidentiality_level', 'published_at']
$$;
comment on function job_search_texts(jsonb) is 'Of job_search_facts those that its words may come from.';

drop function job_search_row(jobs, companies, places);
create function job_search_row(j jobs, c companies, place places, kept tsvector default null) returns job_search
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
    r.words := coalesce(kept, job_search_words(j, c, r.dictionary, place));
    return r;
end
$$;
comment on function job_search_row(jobs, companies, places, tsvector) is
    'What search needs to know of a vacancy. kept: its words, where they are known to be as they were.';

-- Room for a row's next version beside it.
alter table job_search set (fillfactor = 85);

create function job_search_put(r job_search) returns void
language sql volatile
as $$
    insert into job_search select (r).*
    on conflict (job_id) do update set version = excluded.version, published_at = excluded.published_at,
        valid_through = excluded.valid_through, dictionary = excluded.dictionary, company_id = excluded.company_id,
        role = excluded.role, employment_type = excluded.employment_type, contract = excluded.contract,
        work_mode = excluded.work_mode, confidentiality_level = excluded.confidentiality_level, country = excluded.country,
        region = excluded.region, city = excluded.city, latitude = excluded.latitude, longitude = excluded.longitude,
        salary_currency = excluded.salary_currency, salary_low = excluded.salary_low, salary_high = excluded.salary_high,
        office_days = excluded.office_days, languages = excluded.languages, language_levels = excluded.language_levels,
        language_musts = excluded.language_musts, tools = excluded.tools, soft_skills = excluded.soft_skills,
        duties = excluded.duties, title = excluded.title, words = excluded.words
$$;
comment on function job_search_put(job_search) is
    'The row in place of the former one. In place: where no word changed, the index of words is not touched.';

create or replace function job_search_store(j jobs, c companies) returns void
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
    select * into place from places where id = j.place_id;
    r := job_search_row(j, c, place);
    update search_dictionaries set in_use = true where id = r.dictionary and not in_use;
    perform search_remember_words(concat_ws(' ', j.title, c.name, j.city, j.region, place.region,
        (select string_agg(key, ' ') from place_names where place_id = place.id),
        (select string_agg(t ->> 'name', ' ') from jsonb_array_elements(j.tools) as t), search_text(j.description)), r.dictionary);
    perform search_remember_labels(r, j, place);
    perform job_search_put(r);
end
$$;

create or replace function jobs_search() returns trigger
language plpgsql
as $$
declare
    c companies;
    facts jsonb;
    before jsonb;
begin
    if tg_op = 'UPDATE' and old.status = 'published' and new.status = 'published' then
        facts := job_search_facts(new);
        before := job_search_facts(old);
        if facts = before then
            update job_search set version = new.version where job_id = new.id;
            return null;
        end if;
    end if;
    select * into c from companies where id = new.company_id;
    if facts is not null and job_search_texts(facts) = job_search_texts(before) then
        perform job_search_store_kept(new, c);
    else
        perform job_search_store(new, c);
    end if;
    return null;
end
$$;

create function job_search_store_kept(j jobs, c companies) returns void
language plpgsql volatile
as $$
declare
    kept tsvector := (select s.words from job_search s where s.job_id = j.id);
    place places;
    r job_search;
begin
    if kept is null then -- of a suspended company, or lost
        perform job_search_store(j, c);
        return;
    end if;
    select * into place from places where id = j.place_id;
    r := job_search_row(j, c, place, kept);
    perform job_search_put(r);
end
$$;
comment on function job_search_store_kept(jobs, companies) is 'job_search_store after a change that none of the words can come from.';
