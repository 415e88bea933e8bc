-- Vacancies like another, and completions of what is being typed (docs/search.md, "Similar and suggest").

create function jobs_similar(vacancy uuid, page integer, out status integer, out items text)
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
            + case when c.work_mode = one.work_mode then 1 else 0 end
            + case when c.employment_type = one.employment_type then 1 else 0 end as points
        from candidates c where c.job_id <> vacancy
    )
    select coalesce(string_agg(k.card, ',' order by best.points desc, best.published_at desc, best.job_id desc), '') into items
    from (select * from scored where points >= 8 order by points desc, published_at desc, job_id desc limit page) as best
    join job_cards k on k.job_id = best.job_id;
end
$$;
comment on function jobs_similar(uuid, integer) is 'The published vacancies that are most like one; status NULL: that one is not published.';

-- Whether the text has a word that begins with the last word of what was typed, and the words before it.
create function suggest_matches(folded text, wanted text[]) returns boolean
language sql immutable parallel safe
as $$
    select ' ' || folded like '% ' || wanted[cardinality(wanted)] || '%'
        and string_to_array(folded, ' ') @> wanted[:cardinality(wanted) - 1]
$$;

create function jobs_suggest(q text, page integer, lang text) returns text
language plpgsql stable
set enable_bitmapscan = on
as $$
declare
    typed text := search_fold(q);
    wanted text[] := string_to_array(search_fold(q), ' ');
    suggestions json;
begin
    if typed = '' then
        return '{"items":[]}';
    end if;
    with newest as materialized (
        select m.job_id, m.title, m.tools from job_search m where m.valid_through is null or m.valid_through >= utc_today()
        order by m.published_at desc, m.job_id desc limit 1000
    ), roles_found as (
        select 1 as kind, r.code as value, case when lang = 'it' then r.it else r.en end as label, null::text as near,
            bool_or(starts_with(n.folded, typed)) as starts,
            (select count(*) from job_search s where s.role = r.code) as weight
        from roles r, lateral (select search_fold(r.en) as folded union select search_fold(r.it)
            union select l.folded from role_labels l where l.role = r.code) as n
        where suggest_matches(n.folded, wanted)
        group by r.code
        order by starts desc, weight desc, 3
        limit page
    ), tools_found as (
        select 2, t.value, t.label, null::text, starts_with(search_fold(t.label), typed) as starts,
            (select count(*) from newest s where t.value = any (s.tools)) as weight
        from (select key as value, label from search_labels where kind = 'tool') as t
        where suggest_matches(search_fold(t.label), wanted)
        order by starts desc, weight desc, 3
        limit page
    ), places_found as (
        select 3, null::text, coalesce(p.local_name, p.name) as label,
            coalesce(p.local_name, p.name) || ' ' || coalesce(p.province, p.country) as near, true, p.population::bigint
        from (select distinct n.place_id from place_names n where n.key like typed || '%') as n
        join places p on p.id = n.place_id
        order by p.population desc, p.id
        limit page
    ), titles_found as (
        select 4, null::text, min(j.title) as label, null::text, starts_with(s.title, typed) as starts, count(*) as weight
        from newest s join jobs j on j.id = s.job_id
        where suggest_matches(s.title, wanted)
        group by s.title
        order by starts desc, weight desc, s.title collate "C"
        limit page
    )
    select json_agg(json_build_object('kind', (array['role', 'tool', 'place', 'title'])[kind], 'text', label, 'value', value,
        'near', near, 'vacancies', case when kind <> 3 then weight end)
        order by kind, starts desc, weight desc, label collate "C") into suggestions
    from (select * from roles_found union all select * from tools_found union all select * from places_found
        union all select * from titles_found) as found;
    return json_compact(json_build_object('items', coalesce(suggestions, '[]')));
end
$$;
comment on function jobs_suggest(text, integer, text) is 'Completions of what has been typed so far: roles, tools, places, titles.';
