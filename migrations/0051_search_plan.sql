-- A search as the index in memory takes it: every name resolved, every word a lexeme of each dictionary. The same functions as
-- the plain SQL search uses decide what is refused and what is meant, so both mean the same.

-- EXPLAIN is allowed in no other.
alter function search_estimate(text) volatile;

create function search_plan_clause(term jsonb, dictionary integer) returns jsonb
language plpgsql immutable
as $$
declare
    w jsonb;
    lexeme text;
    steps jsonb := '[]';
    first_offset integer;
begin
    for w in select * from jsonb_array_elements(term -> 'words') loop
        lexeme := w -> 'lexemes' ->> dictionary::text;
        continue when lexeme is null;
        first_offset := coalesce(first_offset, (w -> 'offset')::integer);
        steps := steps || jsonb_build_array(jsonb_build_array(lexeme, (w -> 'offset')::integer - first_offset));
    end loop;
    if steps = '[]' then
        return null;
    end if;
    return jsonb_build_array(steps) || case when term ->> 'prefix' is null then '[]'::jsonb
        else jsonb_build_array(jsonb_build_array(jsonb_build_array(term ->> 'prefix', 0, true))) end;
end
$$;
comment on function search_plan_clause(jsonb, integer) is
    'A word or phrase for one dictionary: the sequences of which any will do, each a list of [lexeme, distance, prefix?].';

create function search_plan_texts(query jsonb) returns jsonb
language plpgsql stable
as $$
declare
    dictionary integer;
    term jsonb;
    clause jsonb;
    wanted boolean;
    everything jsonb;
    nothing jsonb;
    texts jsonb := '[]';
begin
    wanted := exists (select from jsonb_array_elements(query -> 'terms') as t where not (t -> 'not')::boolean);
    for dictionary in select d.id from search_dictionaries d where d.in_use order by d.id loop
        everything := '[]';
        nothing := '[]';
        for term in select * from jsonb_array_elements(query -> 'terms') loop
            clause := search_plan_clause(term, dictionary);
            continue when clause is null;
            if (term -> 'not')::boolean then
                nothing := nothing || jsonb_build_array(clause);
            else
                everything := everything || jsonb_build_array(clause);
            end if;
        end loop;
        continue when wanted and everything = '[]'; -- nothing of the query is left for this dictionary
        texts := texts || jsonb_build_object('dictionary', dictionary, 'all', everything, 'none', nothing);
    end loop;
    return texts;
end
$$;
comment on function search_plan_texts(jsonb) is 'What a search_query asks of the vacancies of each dictionary in use.';

create function search_plan_languages(p jsonb) returns jsonb
language sql immutable
as $$
    select jsonb_agg(jsonb_build_array(lower(split_part(split_part(l, ':', 1), '-', 1)),
        coalesce(array_position('{A1,A2,B1,B2,C1,C2}'::text[], upper(nullif(split_part(l, ':', 2), ''))), 6)))
    from unnest(search_texts(p, 'language')) as l
$$;

-- `wrong` words of the query are replaced first (a misspelt query is planned once more).
create function search_plan(p jsonb, wrong text[], replacements text[], out status integer, out code text, out problem jsonb,
                            out plan text)
language plpgsql stable
as $$
declare
    query jsonb;
    broken jsonb;
    factor integer := case p ->> 'salary_unit' when 'hour' then 2080 when 'day' then 260 when 'month' then 12 else 1 end;
begin
    if wrong is not null then
        p := p || jsonb_build_object('q', search_replace(p ->> 'q', wrong, replacements));
    end if;
    query := case when p ->> 'q' is not null then search_query(p ->> 'q') end;
    broken := search_violations(p, query);
    if broken <> '[]' then
        select 400, 'invalid_parameter', search_refusal(broken, p ->> 'lang') into status, code, problem;
        return;
    end if;
    p := search_resolved(p);
    if p ? 'code' then
        select 422, p ->> 'code', jsonb_build_object('candidates', p -> 'candidates') into status, code, problem;
        return;
    end if;
    status := 200;
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
comment on function search_plan(jsonb, text[], text[]) is 'The parameters of GET /v1/jobs as the index in memory takes them.';

create function search_page_items(ids uuid[], distances bigint[], fields text[], marked jsonb) returns text
language plpgsql stable
as $$
begin
    return (
        select coalesce(string_agg(search_item(found.id, fields, nullif(found.distance, -1), marked), ',' order by found.n), '')
        from unnest(ids, distances) with ordinality as found (id, distance, n)
        join job_search s on s.job_id = found.id and (s.valid_through is null or s.valid_through >= utc_today())
    );
end
$$;
comment on function search_page_items(uuid[], bigint[], text[], jsonb) is
    'The vacancies that the index found, in its order, as a search answers them; those that ended a moment ago are left out. '
    'Distance -1: none.';
