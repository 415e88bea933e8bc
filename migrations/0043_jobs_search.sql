-- GET /v1/jobs in plain SQL: the same answers as the index in memory gives, for when there is none, and to compare it with.
-- One statement for the page and one for the counts, built for the filters that are given. Every value goes in as a literal
-- that PostgreSQL itself quotes.

insert into rule_texts (code, en, it) values
    ('no_words', 'There is no word in it.', 'Non contiene nessuna parola.'),
    ('only_stop_words', 'It has only words that are in every text, such as articles.',
        'Contiene solo parole presenti in ogni testo, come gli articoli.'),
    ('too_many_words', 'At most 32 words are taken.', 'Si accettano al massimo 32 parole.'),
    ('range_reversed', 'It is below salary_min: nothing can lie between.',
        'È inferiore a salary_min: non può esserci nulla in mezzo.'),
    ('place_required', 'It needs a place: near, or lat and lon.', 'Richiede un luogo: near, oppure lat e lon.'),
    ('coordinates_incomplete', 'lat and lon go together.', 'lat e lon vanno insieme.'),
    ('two_places', 'Give near, or lat and lon, not both.', 'Indicare near, oppure lat e lon, non entrambi.'),
    ('query_required', 'It needs words to look for: q.', 'Richiede parole da cercare: q.'),
    ('duplicate_language_skill', 'A language is given twice.', 'Una lingua è indicata due volte.');

create function search_refusal(broken jsonb, lang text) returns jsonb
language sql stable
as $$
    select jsonb_build_object('errors', jsonb_agg(b || jsonb_build_object('detail', case when lang = 'it' then t.it else t.en end)
        order by n))
    from jsonb_array_elements(broken) with ordinality as e (b, n) left join rule_texts t on t.code = b ->> 'code'
$$;

-- --- Places and names ----------------------------------------------------------------------------------------------------

create function search_distance(latitude1 double precision, longitude1 double precision, latitude2 double precision,
                                longitude2 double precision) returns bigint
language sql immutable parallel safe
as $$
    select round(2 * 6371008.8 * asin(least(1, sqrt(sin(radians(latitude2 - latitude1) / 2) ^ 2
        + cos(radians(latitude1)) * cos(radians(latitude2)) * sin(radians(longitude2 - longitude1) / 2) ^ 2))))::bigint
$$;
comment on function search_distance(double precision, double precision, double precision, double precision) is
    'Metres on the great circle (haversine, mean radius of the Earth).';

create function place_json(p places) returns jsonb
language sql stable
as $$
    select jsonb_strip_nulls(jsonb_build_object('id', p.id, 'name', coalesce(p.local_name, p.name), 'country', p.country,
        'region', p.region, 'province', p.province, 'latitude', p.latitude, 'longitude', p.longitude,
        'population', p.population))
$$;

-- "Castro, BG", "Paris FR", "Milano (MI)": the last word may be a country or an Italian province. "MI" alone: its largest town.
create function places_named(said text, in_countries text[]) returns setof places
language plpgsql stable
rows 5
as $$
declare
    wanted text := search_fold(said);
    suffix text := upper(substring(wanted from ' ([a-z]{2})$'));
    before text := substring(wanted from '^(.*) [a-z]{2}$');
begin
    return query
        select p.* from place_names n join places p on p.id = n.place_id
        where n.key = wanted and (in_countries is null or p.country = any (in_countries))
        order by p.population desc, p.id limit 50;
    if not found and suffix is not null then
        return query
            select p.* from place_names n join places p on p.id = n.place_id
            where n.key = before and (p.country = suffix or (p.country = 'IT' and p.province = suffix))
                and (in_countries is null or p.country = any (in_countries))
            order by p.population desc, p.id limit 50;
    elsif not found and said ~ '^\s*[A-Za-z]{2}\s*$' then
        return query
            select p.* from places p where p.country = 'IT' and p.province = upper(btrim(said))
                and (in_countries is null or 'IT' = any (in_countries))
            order by p.population desc, p.id limit 1;
    end if;
end
$$;
comment on function places_named(text, text[]) is 'The places of a name as people write it, the largest first.';

-- {"place": ...} or {"code": "unknown_place" | "ambiguous_place", "candidates": [...]}.
create function search_near(said text, in_countries text[]) returns jsonb
language plpgsql stable
as $$
declare
    found_places jsonb;
begin
    select jsonb_agg(place_json(p) order by p.population desc, p.id) into found_places
    from places_named(said, in_countries) as p;
    if found_places is null then
        return jsonb_build_object('code', 'unknown_place', 'candidates', '[]'::jsonb);
    elsif jsonb_array_length(found_places) = 1
       or (found_places #> '{0,population}')::bigint >= 10 * (found_places #> '{1,population}')::bigint then
        return jsonb_build_object('place', found_places -> 0);
    end if;
    return jsonb_build_object('code', 'ambiguous_place', 'candidates', jsonb_path_query_array(found_places, '$[0 to 9]'));
end
$$;

create function search_city_keys(cities text[]) returns text[]
language plpgsql stable
as $$
declare
    city text;
    keys text[] := '{}';
begin
    foreach city in array coalesce(cities, '{}') loop -- one by one: a join would be planned to read the whole gazetteer
        city := search_fold(city);
        keys := keys || city || array(select other.key from place_names n, place_names other
            where n.key = city and other.place_id = n.place_id and other.key <> city);
    end loop;
    return keys;
end
$$;
comment on function search_city_keys(text[]) is 'The folded names of these towns, and their other names.';

-- --- What is asked -------------------------------------------------------------------------------------------------------

create function search_texts(p jsonb, member text) returns text[]
language sql immutable parallel safe
as $$
    select case when jsonb_typeof(p -> member) = 'array' and p -> member <> '[]'
        then array(select jsonb_array_elements_text(p -> member)) end
$$;

create function search_violations(p jsonb, query jsonb) returns jsonb
language plpgsql immutable
as $$
declare
    broken jsonb := '[]';
    place boolean := p ->> 'near' is not null or p ->> 'lat' is not null or p ->> 'lon' is not null;
begin
    if query ->> 'problem' is not null then
        broken := broken || jsonb_build_object('parameter', 'q', 'code', query ->> 'problem');
    end if;
    if (p ->> 'salary_min')::numeric > (p ->> 'salary_max')::numeric then
        broken := broken || '{"parameter": "salary_max", "code": "range_reversed"}';
    end if;
    if (p ->> 'lat' is null) <> (p ->> 'lon' is null) then
        broken := broken || jsonb_build_object('parameter', case when p ->> 'lat' is null then 'lon' else 'lat' end,
            'code', 'coordinates_incomplete');
    elsif p ->> 'near' is not null and p ->> 'lat' is not null then
        broken := broken || '{"parameter": "near", "code": "two_places"}';
    end if;
    if p ->> 'radius_km' is not null and not place then
        broken := broken || '{"parameter": "radius_km", "code": "place_required"}';
    end if;
    if p ->> 'sort' = 'distance' and not place then
        broken := broken || '{"parameter": "sort", "code": "place_required"}';
    elsif p ->> 'sort' = 'relevance' and p ->> 'q' is null then
        broken := broken || '{"parameter": "sort", "code": "query_required"}';
    end if;
    if (p ->> 'highlight')::boolean and p ->> 'q' is null then
        broken := broken || '{"parameter": "highlight", "code": "query_required"}';
    end if;
    if (select count(*) > count(distinct lower(split_part(split_part(l, ':', 1), '-', 1)))
        from unnest(search_texts(p, 'language')) as l) then
        broken := broken || '{"parameter": "language", "code": "duplicate_language_skill"}';
    end if;
    return broken;
end
$$;
comment on function search_violations(jsonb, jsonb) is 'What no schema can say of the parameters of a search.';

-- {"near": ...} to {"place", "lat", "lon"}; the defaults that depend on others; or {"code", "candidates"}.
create function search_resolved(p jsonb) returns jsonb
language plpgsql stable
as $$
declare
    near jsonb;
begin
    if p ->> 'near' is not null then
        near := search_near(p ->> 'near', upper(search_texts(p, 'country')::text)::text[]);
        if near ? 'code' then
            return near;
        end if;
        p := p || jsonb_build_object('place', near -> 'place', 'lat', near #> '{place,latitude}',
            'lon', near #> '{place,longitude}');
    end if;
    return p || jsonb_build_object(
        'sort', coalesce(p ->> 'sort', case when p ->> 'q' is not null then 'relevance' else 'recent' end),
        'radius_km', coalesce(nullif(p -> 'radius_km', 'null'), case when p ->> 'lat' is not null and p ->> 'sort' is distinct from 'distance'
            then to_jsonb(30) end),
        'languages_fit', coalesce(p ->> 'languages_fit',
            case when cardinality(search_texts(p, 'language')) > 1 then 'all' else 'any' end),
        'currency', coalesce(nullif(p -> 'currency', 'null'), '["EUR"]'),
        'city_keys', search_city_keys(search_texts(p, 'city')),
        'region_keys', array(select search_fold(r) from unnest(search_texts(p, 'region')) as r),
        'tool_keys', array(select search_tool_key(t) from unnest(search_texts(p, 'tool')) as t));
end
$$;
comment on function search_resolved(jsonb) is 'The parameters of a search with names resolved and defaults filled in.';

create function search_language_condition(p jsonb) returns text
language plpgsql immutable
as $$
declare
    codes text[];
    levels integer[];
    wanted text := case when p ->> 'languages_fit' = 'all' then 'not exists (select from unnest(s.languages, s.language_levels, '
        's.language_musts) as l (code, level, must) where l.must and not exists (%s))'
        else 'exists (select from unnest(s.languages, s.language_levels, s.language_musts) as l (code, level, must) '
        'where exists (%s))' end;
begin
    select array_agg(lower(split_part(split_part(l, ':', 1), '-', 1))),
        array_agg(coalesce(array_position('{A1,A2,B1,B2,C1,C2}'::text[], upper(nullif(split_part(l, ':', 2), ''))), 6))
    into codes, levels from unnest(search_texts(p, 'language')) as l;
    return format(wanted, format('select from unnest(%L::text[], %L::integer[]) as mine (code, level) '
        'where mine.code = l.code and mine.level >= l.level', codes, levels));
end
$$;

create function search_salary_condition(p jsonb) returns text
language sql immutable
as $$
    select format('(s.salary_currency = any (%L::text[])%s%s)', search_texts(p, 'currency'),
            ' and s.salary_high >= ' || round((p ->> 'salary_min')::numeric * f.factor),
            ' and s.salary_low <= ' || round((p ->> 'salary_max')::numeric * f.factor))
        || case when (p ->> 'include_undisclosed')::boolean then ' or s.salary_high is null' else '' end
    from (select case p ->> 'salary_unit' when 'hour' then 2080 when 'day' then 260 when 'month' then 12 else 1 end as factor) as f
$$;

create function search_radius_condition(p jsonb) returns text
language sql immutable
as $$
    select format('s.latitude between %s and %s and search_distance(%s, %s, s.latitude, s.longitude) <= %s',
        (p ->> 'lat')::double precision - (p ->> 'radius_km')::double precision / 111.0,
        (p ->> 'lat')::double precision + (p ->> 'radius_km')::double precision / 111.0,
        p ->> 'lat', p ->> 'lon', round((p ->> 'radius_km')::numeric * 1000))
$$;

-- A condition on job_search s for each filter given, and the facet whose own it is.
create function search_filters(p jsonb) returns table (facet text, condition text)
language plpgsql immutable
as $$
begin
    return query
    -- One value as an equality: an index then gives its rows in order.
    select f.facet, case when cardinality(f.wanted) = 1 then format('s.%I = %L', f.name, f.wanted[1])
        else format('s.%I = any (%L::%s[])', f.name, f.wanted, case f.name when 'company_id' then 'uuid' else 'text' end) end
    from (values ('role', 'role', search_texts(p, 'role')),
        ('employment_type', 'employment_type', search_texts(p, 'employment_type')),
        ('contract', 'contract', search_texts(p, 'contract')), ('work_mode', 'work_mode', search_texts(p, 'work_mode')),
        ('confidentiality_level', 'confidentiality_level', search_texts(p, 'confidentiality_level')),
        ('company', 'company_id', search_texts(p, 'company_id')),
        ('country', 'country', upper(search_texts(p, 'country')::text)::text[]),
        ('region', 'region', case when search_texts(p, 'region') is not null then search_texts(p, 'region_keys') end),
        ('city', 'city', case when search_texts(p, 'city') is not null then search_texts(p, 'city_keys') end))
        as f (facet, name, wanted) where f.wanted is not null
    union all
    select f.facet, format('s.%I && %L::text[]', f.name, f.wanted)
    from (values ('tool', 'tools', case when search_texts(p, 'tool') is not null then search_texts(p, 'tool_keys') end),
        ('soft_skill', 'soft_skills', search_texts(p, 'soft_skill')), ('duty', 'duties', search_texts(p, 'duty')))
        as f (facet, name, wanted) where f.wanted is not null
    union all select 'language', search_language_condition(p) where search_texts(p, 'language') is not null
    union all select 'salary', search_salary_condition(p) where coalesce(p ->> 'salary_min', p ->> 'salary_max') is not null
    union all select 'published', format('s.published_at >= %L::timestamptz', p ->> 'published_since')
        where p ->> 'published_since' is not null
    union all select 'office_days', format('s.office_days <= %s', (p ->> 'office_days_max')::integer)
        where p ->> 'office_days_max' is not null
    union all select 'place', search_radius_condition(p) where p ->> 'radius_km' is not null;
end
$$;
comment on function search_filters(jsonb) is 'The SQL of each filter that is given.';

create function search_text_condition(query jsonb) returns text
language plpgsql stable
as $$
begin
    return (
        select coalesce('(' || string_agg(format(case when q = '' then 's.dictionary = %s' else
            '(s.dictionary = %s and s.words @@ %L::tsquery)' end, id, q), ' or ') || ')', 'false')
        from (select d.id, search_tsquery(query, d.id) as q from search_dictionaries d where d.in_use offset 0) as each
        where q is not null
    );
end
$$;

create function search_tier(query jsonb) returns text
language plpgsql stable
as $$
begin
    return (
        select coalesce('case ' || string_agg(format('when s.dictionary = %s then case when s.words @@ %L::tsquery then 1 '
            'when s.words @@ %L::tsquery then 2 when s.words @@ %L::tsquery then 3 else 4 end', d.id,
            search_tsquery(query, d.id, 'A'), search_tsquery(query, d.id, 'AB'), search_tsquery(query, d.id, 'ABC')), ' ')
            || ' else 1 end', '1')
        from search_dictionaries d where d.in_use and search_tsquery(query, d.id) <> ''
    );
end
$$;

-- --- What is answered ----------------------------------------------------------------------------------------------------

-- A text as HTML, all escaped, with the words of the query in <mark>; NULL: none is in it. Of a long one thirty words
-- around the first.
create function search_marked(source text, query jsonb, in_dictionary smallint, whole boolean) returns text
language plpgsql stable
as $$
declare
    config regconfig := (select d.config from search_dictionaries d where d.id = in_dictionary);
    lexemes text[] := array(select w -> 'lexemes' ->> in_dictionary::text from jsonb_array_elements(query -> 'terms') as t,
        jsonb_array_elements(t -> 'words') as w where not (t -> 'not')::boolean);
    prefix text := (select t ->> 'prefix' from jsonb_array_elements(query -> 'terms') as t where t ->> 'prefix' is not null);
    runs text[];
    hits boolean[];
    first_hit integer;
    start integer;
begin
    -- Words and what is between them, one after the other.
    select array_agg(run order by n), array_agg(word and (l && lexemes
            or exists (select from unnest(l) as lexeme where starts_with(lexeme, prefix))) order by n)
    into runs, hits
    from (select run[1] as run, n, run[1] ~ '^[[:alnum:]]' as word from regexp_matches(regexp_replace(source, '\s+', ' ', 'g'),
            '([[:alnum:]\u0300-\u036f]+|[^[:alnum:]\u0300-\u036f]+)', 'g') with ordinality as r (run, n)) as cut,
        lateral (select case when word then tsvector_to_array(to_tsvector(config, search_fold(run))) end as l) as stems;
    first_hit := array_position(hits, true);
    if first_hit is null then
        return null;
    end if;
    start := case when whole then 1 else greatest(first_hit - 20, 1) end;
    return (
        select case when start > 1 then '… ' else '' end || btrim(string_agg(case when hit then '<mark>' || safe || '</mark>' else safe end, '' order by n))
            || case when not whole and start + 60 <= cardinality(runs) then ' …' else '' end
        from (select n, hits[n] as hit, replace(replace(replace(replace(replace(runs[n], '&', '&amp;'), '<', '&lt;'), '>', '&gt;'),
                '"', '&quot;'), '''', '&#39;') as safe
            from generate_series(start, case when whole then cardinality(runs) else least(start + 59, cardinality(runs)) end) as n) as shown
    );
end
$$;

create function search_highlight(vacancy uuid, query jsonb) returns text
language plpgsql stable
as $$
begin
    return (
        select json_strip_nulls(json_build_object('title', search_marked(j.title, query, s.dictionary, true),
            'description', search_marked(search_text(j.description), query, s.dictionary, false)))::text
        from job_search s join jobs j on j.id = s.job_id where s.job_id = vacancy
    );
end
$$;
comment on function search_highlight(uuid, jsonb) is 'Where the words of a search_query are in a vacancy, as JSON with safe HTML.';

create function search_item(vacancy uuid, fields text[], distance bigint, marked jsonb) returns text
language plpgsql stable
as $$
declare
    source text;
begin
    if fields is null or fields <@ '{id,company,reference,title,language,role,employment_type,contract,work_mode,
            office_days_per_week,location,salary,languages,confidentiality_level,openings,valid_through,response_promise_days,
            status,published_at,created_at,updated_at,version}' then
        select card into source from job_cards where job_id = vacancy;
    else
        select document into source from job_documents where job_id = vacancy;
    end if;
    if fields is not null then
        source := (select '{' || string_agg(to_json(key)::text || ':' || value::text, ',' order by n) || '}'
            from json_each(source::json) with ordinality as e (key, value, n) where key = 'id' or key = any (fields));
    end if;
    if distance is not null then
        source := left(source, -1) || ',"distance_m":' || distance || '}';
    end if;
    if marked is not null then
        source := left(source, -1) || ',"highlight":' || search_highlight(vacancy, marked) || '}';
    end if;
    return source;
end
$$;
comment on function search_item(uuid, text[], bigint, jsonb) is
    'A vacancy as a search answers it: its card, or the members asked for; its distance; where a query''s words are in it.';

create function search_label(facet text, value text, lang text) returns text
language plpgsql stable
as $$
begin
    return case facet
        when 'role' then (select case lang when 'it' then it else en end from roles where code = value)
        when 'soft_skill' then (select case lang when 'it' then it else en end from soft_skills where code = value)
        when 'duty' then (select case lang when 'it' then it else en end from duties where code = value)
        when 'language' then (select case lang when 'it' then it else en end from languages where code = value)
        when 'company' then (select name from companies where id = value::uuid)
        when 'city' then (select label from search_labels where kind = 'city' and key = value)
        when 'region' then (select label from search_labels where kind = 'region' and key = value)
        when 'tool' then (select label from search_labels where kind = 'tool' and key = value) end;
end
$$;
comment on function search_label(text, text, text) is 'What to show for a facet''s value; NULL: the value says it.';

-- The SQL of a facet over the rows `base`: passes is what every filter but its own leaves.
create function search_facet(facet text, passes text, p jsonb) returns text
language plpgsql immutable
as $$
declare
    top integer := coalesce((p ->> 'facet_limit')::integer, 20);
    several text := case facet when 'tool' then 'tools' when 'soft_skill' then 'soft_skills' when 'duty' then 'duties' end;
begin
    if facet = 'salary' then
        return format('(select json_build_object(''values'', coalesce(json_agg(json_strip_nulls(json_build_object(''from'', step, '
            '''to'', case when step < 200000 then step + 5000 end, ''count'', n)) order by step) filter (where step is not null), ''[]''), '
            '''undisclosed'', coalesce(sum(n) filter (where kind = 2), 0), ''other_currency'', coalesce(sum(n) filter (where kind = 3), 0)) '
            'from (select case when salary_high is null then 2 when salary_currency = any (%1$L::text[]) then 1 else 3 end as kind, '
            'case when salary_currency = any (%1$L::text[]) then least(salary_high / 5000 * 5000, 200000) end as step, count(*) as n '
            'from base where %2$s group by 1, 2) as g)', search_texts(p, 'currency'), passes);
    elsif facet = 'published' then
        return format('(select json_build_object(''values'', json_agg(json_build_object(''value'', days::text, ''count'', n) order by days)) '
            'from (select days, (select count(*) from base where %s and published_at >= now() - days * interval ''24 hours'') as n '
            'from unnest(array[1, 3, 7, 30]) as days) as g)', passes);
    end if;
    return format('(select json_build_object(''values'', coalesce(json_agg(json_strip_nulls(json_build_object(''value'', v, ''label'', '
        'case when r <= %1$s then search_label(%2$L, v, %3$L) end, ''count'', n)) order by r) filter (where r <= %1$s), ''[]''), '
        '''rest'', json_build_object(''values'', count(*) filter (where r > %1$s), ''count'', coalesce(sum(n) filter (where r > %1$s), 0)), '
        '''missing'', coalesce(sum(n) filter (where v is null), 0)) '
        'from (select v, n, case when v is not null then row_number() over (order by v is null, n desc, v collate "C") end as r '
        'from (select v, count(*) as n from base %4$s where %5$s group by v) as g) as ranked)',
        top, facet, p ->> 'lang',
        case when facet = 'language' then
                'left join lateral (select distinct l as v from unnest(languages) as l) as each on true'
            when several is not null then format('left join lateral unnest(%I) as v on true', several)
            else format('cross join lateral (select %I::text as v) as one',
                case facet when 'company' then 'company_id' else facet end) end, passes);
end
$$;

create function search_order(p jsonb, query jsonb) returns text
language plpgsql stable
as $$
begin
    return case p ->> 'sort'
        when 'relevance' then search_tier(query)
        when 'salary' then format('case when s.salary_currency = any (%L::text[]) then s.salary_high else -1 end',
            search_texts(p, 'currency'))
        when 'distance' then format('coalesce(search_distance(%s, %s, s.latitude, s.longitude), 2147483647)', p ->> 'lat', p ->> 'lon')
        else '0' end;
end
$$;
comment on function search_order(jsonb, jsonb) is 'The SQL of the first part of the sort key.';

create function search_page(p jsonb, query jsonb, condition text, out items text, out next_key text)
language plpgsql stable
set enable_bitmapscan = on
set enable_seqscan = on
as $$
declare
    page integer := coalesce((p ->> 'limit')::integer, 20);
    after text[] := string_to_array(p ->> 'after', '.');
    key text := search_order(p, query);
    later text := 'true';
    down boolean := p ->> 'sort' = 'salary';
begin
    if after is not null then
        later := format('(s.published_at, s.job_id) < (%L::timestamptz, %L::uuid)',
            keyset_at(after[2] || '.' || after[3]), after[3]);
        if key <> '0' then
            later := format('((%1$s) %2$s %3$s or ((%1$s) = %3$s and %4$s))', key, case when down then '<' else '>' end,
                after[1]::bigint, later);
        end if;
    end if;
    execute format('select coalesce(string_agg(search_item(job_id, %1$L::text[], %2$s, %9$L::jsonb), '','' order by n) filter (where n <= %3$s), ''''), '
        'case when count(*) > %3$s then max(key || ''.'' || keyset_text(published_at, job_id)) filter (where n = %3$s) end '
        'from (select *, row_number() over (order by %4$s published_at desc, job_id desc) as n from ('
        'select s.job_id, s.published_at, s.latitude, s.longitude, (%5$s)::bigint as key from job_search s '
        'where (s.valid_through is null or s.valid_through >= utc_today()) and %6$s and %7$s '
        'order by %8$s s.published_at desc, s.job_id desc limit %3$s + 1) as found) as numbered',
        search_texts(p, 'fields'),
        case when p ->> 'lat' is not null
            then format('search_distance(%s, %s, latitude, longitude)', p ->> 'lat', p ->> 'lon') else 'null' end,
        page, case when key = '0' then '' when down then 'key desc,' else 'key,' end, key, condition, later,
        case when key = '0' then '' when down then 'key desc,' else 'key,' end,
        case when (p ->> 'highlight')::boolean then query end)
    into items, next_key;
end
$$;

create function search_estimate(condition text) returns bigint
language plpgsql stable
as $$
declare
    plan json;
begin
    execute format('explain (format json) select from job_search s where (s.valid_through is null or '
        's.valid_through >= utc_today()) and %s', condition) into plan;
    return (plan #>> '{0,Plan,Plan Rows}')::bigint;
end
$$;

-- The answer's other members: total, not_compared, facets.
create function search_counts(p jsonb, query jsonb, text_condition text) returns json
language plpgsql stable
set enable_bitmapscan = on
set enable_seqscan = on
as $$
declare
    facets text[] := coalesce(search_texts(p, 'facets'), '{}');
    flagged text[] := array(select facet from search_filters(p) where facet = any (facets) or facet = 'salary');
    apart text := (select string_agg(format(', (%s) is true as passes_%s', condition, facet), '') from search_filters(p)
        where facet = any (flagged));
    plain text := (select string_agg(' and (' || condition || ')', '') from search_filters(p) where facet <> all (flagged));
    salary boolean := 'salary' = any (flagged);
    parts text;
    answer json;
begin
    select string_agg(format('%L, %s', f, search_facet(f, coalesce((select string_agg('passes_' || k, ' and ')
        from unnest(flagged) as k where k <> f), 'true'), p)), ', ') into parts
    from (select distinct f from unnest(facets) as f) as asked;
    execute format('with base as materialized (select s.*%1$s from job_search s '
        'where (s.valid_through is null or s.valid_through >= utc_today()) and %2$s%3$s) '
        'select json_build_object(''total'', (select count(*) from base where %4$s), ''not_compared'', %5$s, ''facets'', %6$s)',
        apart, text_condition, plain,
        coalesce((select string_agg('passes_' || k, ' and ') from unnest(flagged) as k), 'true'),
        case when salary then format('(select json_build_object(''undisclosed'', count(*) filter (where salary_high is null), '
            '''other_currency'', count(*) filter (where salary_high is not null and salary_currency <> all (%L::text[]))) '
            'from base where not passes_salary%s)', search_texts(p, 'currency'),
            (select string_agg(' and passes_' || k, '') from unnest(flagged) as k where k <> 'salary')) else 'null::json' end,
        case when parts is null then 'null::json' else 'json_build_object(' || parts || ')' end)
    into answer;
    return json_strip_nulls(answer);
end
$$;

create function jobs_search(p jsonb, out status integer, out code text, out problem jsonb, out items text, out next_key text,
                            out members text)
language plpgsql stable
as $$
declare
    query jsonb := case when p ->> 'q' is not null then search_query(p ->> 'q') end;
    broken jsonb := search_violations(p, query);
    text_condition text := 'true';
    conditions text;
    counts json;
    accuracy text := 'exact';
    corrected text;
begin
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
    if query is not null then
        text_condition := search_text_condition(query);
    end if;
    conditions := text_condition || coalesce((select string_agg(' and (' || condition || ')', '') from search_filters(p)), '');
    select * into items, next_key from search_page(p, query, conditions);
    if items = '' and p ->> 'after' is null and query is not null and not p ? 'corrected_query' then
        corrected := search_corrected(p ->> 'q', query);
        if corrected is not null then
            select * into status, code, problem, items, next_key, members
            from jobs_search(p - 'place' - case when p ? 'place' then '{lat,lon}'::text[] else '{}' end
                || jsonb_build_object('q', corrected, 'corrected_query', corrected));
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
comment on function jobs_search(jsonb) is
    'GET /v1/jobs by plain SQL: a page, the key of its last row where there is more, and the answer''s other members.';

create function search_total_member() returns text
language plpgsql stable
as $$
declare
    believed bigint := (select reltuples::bigint from pg_class where oid = 'job_search'::regclass);
begin
    if believed >= 2000 then
        return '"total":{"value":' || believed || ',"accuracy":"estimate"}';
    end if;
    return '"total":{"value":' || (select count(*) from job_search s
        where s.valid_through is null or s.valid_through >= utc_today()) || ',"accuracy":"exact"}';
end
$$;
comment on function search_total_member() is 'How many vacancies there are, as a member of the plain listing''s answer.';

drop function jobs_list_filtered;

-- What filtered listings walk is now job_search; a company's own list has its index.
drop index job_cards_newest_of_company, job_cards_newest_of_role, job_cards_newest_in_country, job_cards_newest_in_city;
drop statistics job_cards_places;
drop index job_search_company;
create index job_search_of_company on job_search (company_id, published_at desc, job_id desc);
create index job_search_of_role on job_search (role, published_at desc, job_id desc);
create index job_search_in_city on job_search (city, published_at desc, job_id desc);
