-- Misspelt queries: the pages after the first are of the query as it was corrected; what may be corrected is the same with and
-- without an index; and what is wrong with a place names its parameter.

insert into rule_texts (code, en, it) values
    ('unknown_place', 'The gazetteer has no place of this name.', 'Il repertorio dei luoghi non ha nessun luogo con questo nome.'),
    ('ambiguous_place', 'Several places have this name; candidates lists them.',
        'Più luoghi hanno questo nome; candidates li elenca.');

-- Of any letters and digits: a vocabulary has letters only, but who types does not.
create or replace function search_nearest_word(wrong text) returns text
language plpgsql stable
as $$
declare
    most integer := case when length(wrong) >= 8 then 2 when length(wrong) >= 4 then 1 else 0 end;
begin
    return (
        select word from (
            select word, edits, sum(search_lexeme_count(dictionary, lexeme)) as vacancies
            from (select k.word, k.dictionary, k.lexeme, e.edits, min(e.edits) over () as least
                from search_words k, lateral (select search_edits(wrong, k.word) as edits) as e
                where most > 0 and k.word like left(wrong, 1) || '%'
                    and length(k.word) between length(wrong) - most and length(wrong) + most and e.edits <= most) as near
            group by word, edits
        ) as counted
        where vacancies > 0
        order by edits, vacancies desc, word collate "C"
        limit 1
    );
end
$$;

-- In the query as it was written, each word that stands for one of `wrong` is replaced. A run is of the signs that words may have
-- (search_fold) before they are folded, or of the others.
create or replace function search_replace(q text, wrong text[], replacements text[]) returns text
language plpgsql immutable
as $$
begin
    return (
        select string_agg(coalesce(replacements[array_position(wrong, search_fold(run[1]))], run[1]), '' order by n)
        from regexp_matches(q, '([a-zA-Z0-9\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u1fff\u2c00-\u2dff\u3005-\ud7ff\uf900-\ufaff]+'
                '|[^a-zA-Z0-9\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u1fff\u2c00-\u2dff\u3005-\ud7ff\uf900-\ufaff]+)', 'g')
            with ordinality as runs (run, n)
    );
end
$$;

drop function search_corrected(text, jsonb);
create function search_corrections(query jsonb) returns text
language plpgsql stable
as $$
declare
    pairs text[] := '{}';
    nearest text;
    found_word record;
begin
    for found_word in select t as term, w as word from jsonb_array_elements(query -> 'terms') as t,
            jsonb_array_elements(t -> 'words') as w where not (t -> 'not')::boolean loop
        if not search_word_known(found_word.term, found_word.word) then
            nearest := search_nearest_word(found_word.word ->> 'word');
            if nearest is null or cardinality(pairs) = 6 then -- a cursor has room for so many
                return null;
            end if;
            pairs := pairs || ((found_word.word ->> 'word') || '~' || nearest);
        end if;
    end loop;
    return nullif(array_to_string(pairs, ','), '');
end
$$;
comment on function search_corrections(jsonb) is
    'Each word of a search_query that no vacancy has, with the nearest that some have: wrong~right,... NULL: nothing is corrected.';

create function search_corrected(q text, corrections text) returns text
language sql immutable
as $$
    select search_replace(q, array_agg(split_part(pair, '~', 1) order by n), array_agg(split_part(pair, '~', 2) order by n))
    from string_to_table(corrections, ',') with ordinality as pairs (pair, n)
$$;
comment on function search_corrected(text, text) is 'The query with its search_corrections made.';

-- resolved: of search_resolved(), with a code.
create function search_place_refusal(resolved jsonb, lang text) returns jsonb
language sql stable
as $$
    select jsonb_build_object('candidates', resolved -> 'candidates') || search_refusal(jsonb_build_array(
        jsonb_build_object('parameter', 'near', 'code', resolved -> 'code')), lang)
$$;
comment on function search_place_refusal(jsonb, text) is 'What is said of a place that is not known or not clear.';

create function search_checked(p jsonb, out status integer, out code text, out problem jsonb, out query jsonb, out resolved jsonb)
language plpgsql stable
as $$
declare
    broken jsonb;
begin
    query := case when p ->> 'q' is not null then search_query(p ->> 'q') end;
    broken := search_violations(p, query);
    if broken <> '[]' then
        select 400, 'invalid_parameter', search_refusal(broken, p ->> 'lang') into status, code, problem;
        return;
    end if;
    resolved := search_resolved(p);
    if resolved ? 'code' then
        select 422, resolved ->> 'code', search_place_refusal(resolved, p ->> 'lang') into status, code, problem;
        return;
    end if;
    status := 200;
end
$$;
comment on function search_checked(jsonb) is
    'What a search is refused for, or (200) its search_query and its parameters with places and names resolved.';

-- The fourth part of the key that a page goes on after: the corrections with which the first one was made. What has been published
-- meanwhile may have the misspelt word; the list stays the one it was.
create or replace function jobs_search(p jsonb, out status integer, out code text, out problem jsonb, out items text,
                                       out next_key text, out members text)
language plpgsql stable
as $$
declare
    corrections text := coalesce(nullif(split_part(p ->> 'after', '.', 4), ''), p ->> 'corrections');
    query jsonb;
    text_condition text := 'true';
    conditions text;
    counts json;
    accuracy text := 'exact';
begin
    if corrections is not null then
        p := p || jsonb_build_object('q', search_corrected(p ->> 'q', corrections));
        p := p || jsonb_build_object('corrected_query', p -> 'q');
    end if;
    select * into status, code, problem, query, p from search_checked(p);
    if status <> 200 then
        return;
    end if;
    if query is not null then
        text_condition := search_text_condition(query);
    end if;
    conditions := text_condition || coalesce((select string_agg(' and (' || condition || ')', '') from search_filters(p)), '');
    select * into items, next_key from search_page(p, query, conditions);
    next_key := next_key || coalesce('.' || corrections, '');
    if items = '' and p ->> 'after' is null and query is not null and corrections is null then
        corrections := search_corrections(query);
        if corrections is not null then
            select * into status, code, problem, items, next_key, members
            from jobs_search(p - 'place' - case when p ? 'place' then '{lat,lon}'::text[] else '{}' end
                || jsonb_build_object('corrections', corrections));
            return;
        end if;
    end if;
    if p ->> 'total' = 'none' and search_texts(p, 'facets') is null then
        counts := '{}';
    elsif p ->> 'total' = 'estimate' and search_texts(p, 'facets') is null then
        counts := json_build_object('total', search_estimate(conditions));
        accuracy := 'estimate';
    else
        begin
            counts := search_counts(p, query, text_condition);
        exception when query_canceled then -- out of time: what the planner thinks
            counts := json_build_object('total', search_estimate(conditions));
            accuracy := 'estimate';
        end;
    end if;
    members := concat_ws(',',
        case when counts ->> 'total' is not null and p ->> 'total' is distinct from 'none' then
            format('"total":{"value":%s,"accuracy":"%s"}', counts -> 'total', accuracy) end,
        '"not_compared":' || (counts -> 'not_compared')::text, '"facets":' || (counts -> 'facets')::text,
        '"place":' || (p -> 'place')::text, '"corrected_query":' || (p -> 'corrected_query')::text);
end
$$;

create or replace function search_plan(p jsonb, wrong text[], replacements text[], out status integer, out code text, out problem jsonb,
                            out plan text)
language plpgsql stable
as $$
declare
    query jsonb;
    factor integer := case p ->> 'salary_unit' when 'hour' then 2080 when 'day' then 260 when 'month' then 12 else 1 end;
begin
    if wrong is not null then
        p := p || jsonb_build_object('q', search_replace(p ->> 'q', wrong, replacements));
    end if;
    select * into status, code, problem, query, p from search_checked(p);
    if status <> 200 then
        return;
    end if;
    plan := jsonb_strip_nulls(jsonb_build_object(
        'q', p -> 'q', 'query', query, 'texts', case when query is not null then search_plan_texts(query) end,
        'role', p -> 'role', 'employment_type', p -> 'employment_type', 'contract', p -> 'contract',
        'work_mode', p -> 'work_mode', 'confidentiality_level', p -> 'confidentiality_level',
        'company', lower((p -> 'company_id')::text)::jsonb, 'country', upper(nullif(p -> 'country', 'null')::text)::jsonb,
        'region', case when search_texts(p, 'region') is not null then p -> 'region_keys' end,
        'city', case when search_texts(p, 'city') is not null then p -> 'city_keys' end,
        'tool', case when search_texts(p, 'tool') is not null then p -> 'tool_keys' end,
        'soft_skill', p -> 'soft_skill', 'duty', p -> 'duty', 'language', search_plan_languages(p),
        'languages_fit', p -> 'languages_fit')
        || jsonb_build_object('currency', p -> 'currency', 'salary_min', round((p ->> 'salary_min')::numeric * factor),
        'salary_max', round((p ->> 'salary_max')::numeric * factor), 'include_undisclosed', p -> 'include_undisclosed',
        'office_days_max', p -> 'office_days_max', 'lat', p -> 'lat', 'lon', p -> 'lon',
        'radius_m', round((p ->> 'radius_km')::numeric * 1000),
        'published_since_us', (extract(epoch from (p ->> 'published_since')::timestamptz) * 1000000)::bigint,
        'sort', p -> 'sort', 'place', p -> 'place'))::text;
end
$$;
