-- GET /v1/applications and GET /v1/jobs/{job_id}/applications by a member of the company: what was asked as conditions.

insert into rule_texts (code, en, it) values
    ('answer_not_comparable', 'Only a number or a date is compared with >= or <=.',
        'Solo un numero o una data si confronta con >= o <=.'),
    ('answer_not_exact', 'A long answer is searched with q.', 'Una risposta lunga si cerca con q.');

create function application_answer_asked(asked text) returns jsonb
language sql immutable parallel safe
as $$
    select jsonb_build_object('id', split_part(asked, ':', 1), 'comparison', substring(v from '^[<>]='),
        'value', btrim(regexp_replace(v, '^[<>]=', '')))
    from (values (substr(asked, length(split_part(asked, ':', 1)) + 2))) as said (v)
$$;
comment on function application_answer_asked(text) is 'years:>=3 as {id, comparison, value}.';

create function application_is_number(value text) returns boolean
language sql immutable parallel safe
as $$ select value ~ '^-?[0-9]{1,30}([.][0-9]{1,30})?$' $$;

create function application_answer_broken(asked jsonb, questions jsonb) returns text
language plpgsql immutable
as $$
declare
    question jsonb := (select q from jsonb_array_elements(questions) as q where q ->> 'id' = asked ->> 'id');
    type text := question ->> 'type';
    given text := asked ->> 'value';
begin
    return case
        when questions is not null and question is null then 'unknown_question'
        when asked ->> 'comparison' is not null and (type not in ('number', 'date')
            or not application_is_number(given) and not is_day(given)) then 'answer_not_comparable'
        when type = 'long_text' then 'answer_not_exact'
        when type = 'number' and not application_is_number(given) then 'answer_type_number'
        when type = 'date' and not is_day(given) then 'answer_type_date'
        when type = 'boolean' and given not in ('true', 'false') then 'answer_type_boolean'
        when type in ('single', 'multi') and not exists (select from jsonb_array_elements_text(question -> 'options') as o
            where search_fold(o) = search_fold(given)) then 'answer_not_an_option'
    end;
end
$$;
comment on function application_answer_broken(jsonb, jsonb) is
    'Why a filter by an answer makes no sense for the vacancy''s questions (NULL: of several vacancies); NULL: it does.';

create function application_answer_path(asked jsonb) returns text
language sql immutable parallel safe
as $$
    select format('$[*] ? (@.question_id == %s).value ? (@ %s %s)', to_jsonb(asked ->> 'id'), asked ->> 'comparison',
        case when application_is_number(asked ->> 'value') then asked ->> 'value' else to_jsonb(asked ->> 'value')::text end)
$$;
comment on function application_answer_path(jsonb) is
    'The JSON path of answers, numbers or dates, that are at least or at most that. Days as text are in the order of time.';

create function application_term_tsquery(term jsonb) returns text
language plpgsql immutable
as $$
declare
    w jsonb;
    word text;
    said text := '';
    last_offset integer;
begin
    for w in select * from jsonb_array_elements(term -> 'words') loop
        select string_agg(distinct search_quoted(value), ' | ') into word
        from jsonb_each_text(w -> 'lexemes') where key in ('1', '2');
        continue when word is null;
        if said <> '' then
            said := said || ' <' || (w -> 'offset')::integer - last_offset || '> ';
        end if;
        said := said || '(' || word || ')';
        last_offset := (w -> 'offset')::integer;
    end loop;
    if said <> '' and term ->> 'prefix' is not null then
        said := '(' || said || ' | ' || search_quoted(term ->> 'prefix') || ':*)';
    end if;
    return case when (term -> 'not')::boolean then '!' else '' end || '(' || nullif(said, '') || ')';
end
$$;
comment on function application_term_tsquery(jsonb) is 'A term of search_query as the text form of a tsquery over both stems.';

create function application_flag_query(answer jsonb) returns text
language sql immutable
as $$
    select case when answer ->> 'comparison' is not null then search_quoted('q:' || (answer ->> 'id')) else
        '(' || (select string_agg(search_quoted('a:' || (answer ->> 'id') || '=' || k), ' | ')
        from (select application_answer_keys(answer -> 'value')
            union select 'b:' || (answer ->> 'value') where answer ->> 'value' in ('true', 'false')
            union select application_answer_keys(to_jsonb(case when application_is_number(answer ->> 'value')
                then (answer ->> 'value')::numeric end))) as keys (k)) || ')' end
$$;

-- {"errors": ...} or {"query": tsquery, "flags": whether it says more than whose, "narrow": whether anything does,
-- "conditions": SQL over s and a}.
create function applications_asked(company uuid, job uuid, p jsonb) returns jsonb
language plpgsql stable
as $$
declare
    questions jsonb := (select j.questions from jobs j where j.id = job);
    query jsonb := case when p ->> 'q' is not null then search_query(p ->> 'q') end;
    answers jsonb := coalesce((select jsonb_agg(application_answer_asked(a) order by n)
        from unnest(search_texts(p, 'answer')) with ordinality as e (a, n)), '[]');
    broken jsonb := '[]';
    parts text[] := array[search_quoted(case when job is null then 'c:' || company else 'j:' || job end)];
    conditions text := '';
    hidden uuid[] := array(select shield_candidates(company));
    restricted uuid[] := applications_restricted(company);
    answer jsonb;
    code text;
begin
    if query ->> 'problem' is not null then
        broken := broken || jsonb_build_object('parameter', 'q', 'code', query ->> 'problem');
    end if;
    for answer in select * from jsonb_array_elements(answers) loop
        code := application_answer_broken(answer, questions);
        if code is not null then
            broken := broken || jsonb_build_object('parameter', 'answer', 'code', code);
        end if;
        parts := parts || application_flag_query(answer);
        if answer ->> 'comparison' is not null then
            conditions := conditions || format(' and jsonb_path_exists(a.answers, %L)', application_answer_path(answer));
        end if;
    end loop;
    if broken <> '[]' then
        return search_refusal(broken, p ->> 'lang');
    end if;
    parts := parts || array(select application_term_tsquery(t) from jsonb_array_elements(query -> 'terms') as t
            where application_term_tsquery(t) is not null)
        || array(select search_quoted('t:' || left(search_tool_key(t), 100)) from unnest(search_texts(p, 'tool')) as t)
        || array(select search_quoted(format('l:%s:%s', lower(split_part(split_part(l, ':', 1), '-', 1)),
                coalesce(array_position('{A1,A2,B1,B2,C1,C2}', upper(nullif(split_part(l, ':', 2), ''))), 1)))
            from unnest(search_texts(p, 'language')) as l)
        || array(select '(' || string_agg(search_quoted('s:' || s), ' | ') || ')' from unnest(search_texts(p, 'status')) as s
            having count(*) > 0);
    if p ->> 'since' is not null then
        conditions := conditions || format(' and s.updated_at >= %L', p ->> 'since');
    end if;
    if p ->> 'submitted_since' is not null then
        conditions := conditions || format(' and s.submitted_at >= %L', p ->> 'submitted_since');
    end if;
    if p ->> 'purge_before' is not null then
        conditions := conditions || format(' and a.retention_from < %1$L::timestamptz - interval ''%2$s days'' '
            'and application_purge_after(a) < %1$L', p ->> 'purge_before', retention_days(company));
    end if;
    if p ->> 'overdue' = 'true' then
        conditions := conditions || ' and s.next_update_due < now()';
    end if;
    if p ->> 'assignee' is not null then
        conditions := conditions || format(' and a.assignee_id = %L', p ->> 'assignee');
    end if;
    if search_texts(p, 'tag') is not null then
        conditions := conditions || (select string_agg(format(' and exists (select from application_tags t '
            'where t.application_id = s.application_id and t.key = %L)', search_fold(k)), '') from unnest(search_texts(p, 'tag')) as k);
    end if;
    if p ->> 'rating_min' is not null then
        conditions := conditions || format(' and s.rating >= %s', round((p ->> 'rating_min')::numeric * 100));
    end if;
    if restricted <> '{}' and (cardinality(parts) > 1 or conditions <> '') then -- what finds one tells what is in it
        conditions := conditions || format(' and s.application_id <> all (%L)', restricted);
    end if;
    if hidden <> '{}' then
        conditions := conditions || format(' and coalesce(s.candidate_id <> all (%L), true)', hidden);
    end if;
    return jsonb_build_object('query', array_to_string(parts, ' & '), 'flags', cardinality(parts) > 1,
        'narrow', cardinality(parts) > 1 or conditions <> '', 'conditions', conditions);
end
$$;
comment on function applications_asked(uuid, uuid, jsonb) is 'The parameters of the search as conditions. Every value is quoted.';
