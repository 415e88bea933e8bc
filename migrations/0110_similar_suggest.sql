-- Vacancies like another, and completions (docs/search.md, "Similar" and "Suggest"): what both mean, and the lists from which
-- the servers' indexes answer completions. These functions answer where there is no index.

create or replace function jobs_similar(vacancy uuid, page integer, out status integer, out items text)
language plpgsql stable
set enable_bitmapscan = on
as $$
declare
    one job_search;
    said text[]; -- the lexemes of its title
begin
    select * into one from job_search s where s.job_id = vacancy and (s.valid_through is null or s.valid_through >= utc_today());
    if not found then
        return; -- no row of the statement: 404
    end if;
    status := 200;
    said := tsvector_to_array(ts_filter(one.words, '{a}'));
    with candidates as (
        (select s.* from job_search s where s.role = one.role and (s.valid_through is null or s.valid_through >= utc_today())
            order by s.published_at desc, s.job_id desc limit 500)
        union
        (select s.* from job_search s where s.city = one.city and (s.valid_through is null or s.valid_through >= utc_today())
            order by s.published_at desc, s.job_id desc limit 500)
    ), scored as (
        select c.job_id, c.published_at,
            case when c.role = one.role then 8 else 0 end
            + case when c.dictionary = one.dictionary then least(9, 3 * cardinality(array(
                select unnest(said) intersect select unnest(tsvector_to_array(ts_filter(c.words, '{a}')))))) else 0 end
            + case when c.city = one.city and c.country is not distinct from one.country then 4
                when c.region = one.region and c.country is not distinct from one.country then 2 else 0 end
            + least(4, cardinality(array(select unnest(one.tools) intersect select unnest(c.tools))))
            + least(3, cardinality(array(select unnest(one.languages) intersect select unnest(c.languages))))
            + least(2, cardinality(array(select unnest(one.soft_skills) intersect select unnest(c.soft_skills))))
            + least(2, cardinality(array(select unnest(one.duties) intersect select unnest(c.duties))))
            + case when c.work_mode = one.work_mode then 1 else 0 end
            + case when c.employment_type = one.employment_type then 1 else 0 end as points
        from candidates c where c.job_id <> vacancy
    )
    select coalesce(string_agg(k.card, ',' order by best.points desc, best.published_at desc, best.job_id desc), '') into items
    from (select * from scored where points >= 8 order by points desc, published_at desc, job_id desc limit page) as best
    join job_cards k on k.job_id = best.job_id;
end
$$;

-- --- Completions -----------------------------------------------------------------------------------------------------------

create index job_search_tools on job_search using gin (tools);
comment on index job_search_tools is 'Which vacancies name a tool: completions count them.';

create function search_is_stop_word(word text) returns boolean
language sql immutable parallel safe strict
as $$
    select ts_lexize('pg_catalog.italian_stem', word) = '{}' or ts_lexize('pg_catalog.english_stem', word) = '{}'
        or word = any ('{piu,perche,sara,saro,sarete,avro,avra,faro,fara,staro,stara}')
$$;
comment on function search_is_stop_word(text) is 'Whether search leaves the folded word out of a query (search_query_words).';

create function suggest_newest() returns table (job_id uuid, published_at timestamptz, title text)
language sql stable
as $$
    select s.job_id, s.published_at, s.title from job_search s
    where s.valid_through is null or s.valid_through >= utc_today()
    order by s.published_at desc, s.job_id desc
    limit 10000
$$;
comment on function suggest_newest() is 'The vacancies whose titles, and the words of them, are suggested; title: folded.';

create function suggest_place(city text) returns places
language sql stable
as $$
    select p from place_names n join places p on p.id = n.place_id where n.key = city order by p.population desc, p.id limit 1
$$;
comment on function suggest_place(text) is 'The largest place of a folded name; all NULL if the gazetteer has none.';

create view suggest_names as
select 'role' as kind, r.code, r.en, r.it, null::text as near, n.key
from roles r, lateral (select search_fold(r.en) as key union select search_fold(r.it)
    union select l.folded from role_labels l where l.role = r.code) as n
union all
select 'tool', t.key, t.label, t.label, null, search_fold(t.label) from search_labels t where t.kind = 'tool'
union all
select 'place', c.key, c.label, c.label, coalesce(p.local_name, p.name) || ' ' || coalesce(p.province, p.country), n.key
from search_labels c
left join lateral suggest_place(c.key) as p on p.id is not null
cross join lateral (select c.key union select o.key from place_names o where o.place_id = p.id) as n
where c.kind = 'city';
comment on view suggest_names is
    'Each name by which a role, tool or place may be completed, folded, with what is shown; whether a vacancy has it or not.';
comment on column suggest_names.code is 'What the filter takes: the role, the tool''s key, the city folded.';
comment on column suggest_names.near is 'What the parameter near takes.';

create or replace function jobs_suggest(q text, page integer, lang text) returns text
language plpgsql stable
set enable_bitmapscan = on
as $$
declare
    typed text := search_fold(q);
    wanted text[] := string_to_array(search_fold(q), ' ');
    given text := array_to_string((string_to_array(search_fold(q), ' '))[:cardinality(string_to_array(search_fold(q), ' ')) - 1], ' ');
    last_word text := (string_to_array(search_fold(q), ' '))[cardinality(string_to_array(search_fold(q), ' '))];
    suggestions json;
begin
    if typed = '' then
        return '{"items":[]}';
    end if;
    with newest as materialized (
        select * from suggest_newest()
    ), roles_found as (
        select 1 as kind, n.code as value, min(case when lang = 'it' then n.it else n.en end) as label, null::text as near,
            bool_or(starts_with(n.key, typed)) as starts,
            (select count(*) from job_search s where s.role = n.code
                and (s.valid_through is null or s.valid_through >= utc_today())) as weight
        from suggest_names n where n.kind = 'role' and suggest_matches(n.key, wanted)
        group by n.code
    ), tools_found as (
        select 2, t.key, t.label, null::text, starts_with(search_fold(t.label), typed),
            (select count(*) from job_search s where s.tools @> array[t.key]
                and (s.valid_through is null or s.valid_through >= utc_today()))
        from search_labels t where t.kind = 'tool' and suggest_matches(search_fold(t.label), wanted)
    ), places_found as (
        select 3, c.key, c.label, (select coalesce(p.local_name, p.name) || ' ' || coalesce(p.province, p.country)
                from suggest_place(c.key) as p where p.id is not null), true,
            (select count(*) from job_search s where s.city = c.key
                and (s.valid_through is null or s.valid_through >= utc_today()))
        from search_labels c
        where c.kind = 'city' and c.key in (
            select l.key from search_labels l where l.kind = 'city' and starts_with(l.key, typed)
            union
            select o.key from place_names n join place_names o on o.place_id = n.place_id
            where n.key like typed || '%' and n.place_id = (select p.id from suggest_place(o.key) as p))
    ), titles_found as (
        select 4, null::text, min(j.title collate "C"), null::text, starts_with(n.title, typed), count(*)
        from newest n join jobs j on j.id = n.job_id
        where suggest_matches(n.title, wanted)
        group by n.title
    ), words_found as (
        select 5, null::text, concat_ws(' ', nullif(given, ''), w.word), null::text, true, count(*)
        from (select distinct n.job_id, word from newest n, unnest(string_to_array(n.title, ' ')) as word
            where suggest_matches(n.title, wanted) and starts_with(word, last_word)) as w
        where length(w.word) >= 3 and not search_is_stop_word(w.word)
        group by w.word
    ), ranked as (
        select f.*, row_number() over (partition by kind order by starts desc, weight desc, label collate "C", value collate "C")
            as rank
        from (select * from roles_found union all select * from tools_found union all select * from places_found
            union all select * from titles_found union all select * from words_found) as f
        where weight > 0
    )
    select json_agg(json_build_object('kind', (array['role', 'tool', 'place', 'title', 'word'])[kind], 'text', label,
        'value', value, 'near', near, 'vacancies', weight) order by kind, rank) into suggestions
    from ranked where rank <= page;
    return json_compact(json_build_object('items', coalesce(suggestions, '[]')));
end
$$;
comment on function jobs_suggest(text, integer, text) is
    'Completions of what has been typed so far: roles, tools, places, titles, words.';
