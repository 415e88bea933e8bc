-- GET /v1/applications and GET /v1/jobs/{job_id}/applications by a member of the company: pages, counts and exports.

create type application_page as (
    status   integer,
    code     text,
    problem  text,
    items    text,
    next_key text,
    members  text,
    head     text,
    columns  text
);
comment on type application_page is
    'A page of applications. head: the first line of an export as CSV; columns: the ids of its questions, for the next page.';

create function application_order(sort text) returns text
language sql immutable parallel safe
as $$
    select case sort when 'updated' then 's.updated_at desc, s.application_id desc'
        when 'rating' then 's.rating desc, s.submitted_at desc, s.application_id desc'
        else 's.submitted_at desc, s.application_id desc' end
$$;

create function application_whose(company uuid, job uuid) returns text
language sql immutable parallel safe
as $$
    select format('s.company_id = %L', company) || case when job is null then '' else format(' and s.job_id = %L', job) end
$$;

create function application_after(sort text, after text) returns text
language sql stable parallel safe
as $$
    select case when after is null then 'true' when sort = 'rating' then
        format('(s.rating, s.submitted_at, s.application_id) < (%L::smallint, %L::timestamptz, %L::uuid)',
            split_part(after, '.', 3), keyset_at(after), keyset_id(after))
        else format('(s.%I, s.application_id) < (%L::timestamptz, %L::uuid)',
            case sort when 'updated' then 'updated_at' else 'submitted_at' end, keyset_at(after), keyset_id(after)) end
$$;

create function application_keyset(application uuid, sort text) returns text
language sql stable
as $$
    select keyset_text(case sort when 'updated' then s.updated_at else s.submitted_at end, s.application_id)
        || case sort when 'rating' then '.' || s.rating else '' end
    from application_search s where s.application_id = application
$$;
comment on function application_keyset(uuid, text) is 'The place of an application in a listing of that order.';

-- Most of what is asked for fits many of the newest: so these are looked at first, in order. What fits few of them is rare,
-- and the index of words and flags has it. An OFFSET keeps the planner from walking the order to its end for rare ones.
create function applications_found(company uuid, job uuid, asked jsonb, sort text, after text, wanted integer)
returns uuid[]
language plpgsql stable
set enable_seqscan = off
set enable_bitmapscan = on
set jit = off
as $$
declare
    whose text := application_whose(company, job);
    narrow boolean := asked -> 'narrow';
    near integer := case when narrow then 500 + 4 * wanted else wanted end;
    fits text := case when narrow then format('s.words @@ %L::tsquery', asked ->> 'query') || (asked ->> 'conditions')
        else 'true' end;
    joined text := case when asked ->> 'conditions' like '%a.%' then 'join applications a on a.id = s.application_id' else '' end;
    walked integer;
    ids uuid[];
begin
    execute format('select coalesce(array_agg(id order by n) filter (where fits), ''{}''), count(*) from ('
        'select s.application_id as id, %1$s as fits, row_number() over (order by %2$s) as n from application_search s %3$s '
        'where %4$s and %5$s order by %2$s limit %6$s) as walk', fits, application_order(sort), joined, whose,
        application_after(sort, after), near) into ids, walked;
    if cardinality(ids) >= wanted or walked < near then
        return ids[1:wanted];
    end if;
    execute format('select coalesce(array_agg(id order by n), ''{}'') from (select application_id as id, '
        'row_number() over (order by %1$s) as n from (select s.application_id, s.submitted_at, s.updated_at, s.rating '
        'from application_search s %2$s where %3$s and %4$s %5$s offset 0) as s order by %1$s limit %6$s) as found',
        application_order(sort), joined, case when (asked -> 'flags')::boolean
            then format('s.words @@ %L::tsquery', asked ->> 'query') else whose end,
        application_after(sort, after), asked ->> 'conditions', wanted) into ids;
    return ids;
end
$$;
comment on function applications_found(uuid, uuid, jsonb, text, text, integer) is
    'The applications that fit, in order, after a place in it.';

create function applications_count(company uuid, job uuid, asked jsonb) returns bigint
language plpgsql stable
set enable_seqscan = off
set enable_bitmapscan = on
set jit = off
as $$
declare
    n bigint;
begin
    execute format('select count(*) from application_search s %s where %s %s',
        case when asked ->> 'conditions' like '%a.%' then 'join applications a on a.id = s.application_id' else '' end,
        case when (asked -> 'flags')::boolean then format('s.words @@ %L::tsquery', asked ->> 'query')
            else application_whose(company, job) end, asked ->> 'conditions') into n;
    return n;
end
$$;

-- --- As a table ----------------------------------------------------------------------------------------------------------

create function csv_cell(value text) returns text
language sql immutable parallel safe
as $$
    select case when v ~ '[",\r\n]|^\s|\s$' then '"' || replace(v, '"', '""') || '"' else v end
    from (select regexp_replace(coalesce(value, ''), '(^|[;\t\r\n])([ "\u00A0]*)([=+@\t\r\uFF1D\uFF0B\uFF0D\uFF20-])',
        '\1\2''\3', 'g')) as defused (v)
$$;
comment on function csv_cell(text) is
    'A cell of CSV (RFC 4180). What a spreadsheet would take for a formula gets an apostrophe before it: also after a '
    'semicolon and at the beginning of a line, for where the semicolon is what divides cells (as in Italy) quotes hold nothing '
    'together.';

create function csv_line(cells text[]) returns text
language sql immutable parallel safe
as $$ select string_agg(csv_cell(c), ',' order by n) || E'\r\n' from unnest(cells) with ordinality as e (c, n) $$;

create function application_csv_head(questions jsonb) returns text
language sql immutable
as $$
    select csv_line('{application_id,job_id,job_title,job_reference,status,reason,submitted_at,updated_at,next_update_due,'
        'candidate_id,given_name,family_name,email,phone,headline,country,region,city,languages,tools,soft_skills,documents,'
        'cover_letter}'::text[] || coalesce((select array_agg((q ->> 'id') || ': ' || (q ->> 'label') order by n)
            from jsonb_array_elements(questions) with ordinality as e (q, n)), '{}') || '{other_answers}'::text[])
$$;

create function application_csv_answer(value jsonb) returns text
language sql immutable parallel safe
as $$
    select case when jsonb_typeof(value) = 'array'
        then (select string_agg(v, '; ' order by n) from jsonb_array_elements_text(value) with ordinality as e (v, n))
        else value #>> '{}' end
$$;

-- The languages as "it:C2 en:B2", lists joined by "; ". other_answers: those to questions that have no column, a line each.
create function application_csv(a applications, questions text[]) returns text
language plpgsql stable
as $$
declare
    d jsonb := application_json(a, 'company');
    c jsonb := d -> 'candidate';
begin
    return csv_line(array[d ->> 'id', d #>> '{job,id}', d #>> '{job,title}', d #>> '{job,reference}', d ->> 'status',
            d ->> 'reason', d ->> 'submitted_at', d ->> 'updated_at', d ->> 'next_update_due', c ->> 'id', c ->> 'given_name',
            c ->> 'family_name', c ->> 'email', c ->> 'phone', c ->> 'headline', c #>> '{location,country}',
            c #>> '{location,region}', c #>> '{location,city}',
            (select string_agg(concat_ws(':', l ->> 'language', l ->> 'level'), ' ')
                from jsonb_path_query(c, 'lax $.languages[*]') as l),
            (select string_agg(t #>> '{}', '; ') from jsonb_path_query(c, 'lax $.tools[*].name') as t),
            (select string_agg(t #>> '{}', '; ') from jsonb_path_query(c, 'lax $.soft_skills[*]') as t
                where jsonb_typeof(t) = 'string'),
            (select string_agg(t #>> '{}', '; ') from jsonb_path_query(d, 'lax $.documents[*].name') as t),
            d ->> 'cover_letter']
        || array(select (select application_csv_answer(e -> 'value') from jsonb_path_query(d, 'lax $.answers[*]') as e
                where e ->> 'question_id' = q limit 1)
            from unnest(questions) with ordinality as asked (q, n) order by n)
        || (select string_agg((e ->> 'question_id') || ': ' || coalesce(application_csv_answer(e -> 'value'), ''), E'\n')
            from jsonb_path_query(d, 'lax $.answers[*]') as e where not coalesce(e ->> 'question_id' = any (questions), false)));
end
$$;
comment on function application_csv(applications, text[]) is
    'An application as a line of CSV, as its company sees it, with a cell for the answer to each of these questions.';

-- --- What is answered ----------------------------------------------------------------------------------------------------

drop function applications_view_list(uuid, uuid, text, text[], timestamptz, integer);
create function applications_view_list(company uuid, job uuid, p jsonb, after text, page integer) returns application_page
language plpgsql volatile
as $$
declare
    answer application_page;
    asked jsonb;
    ids uuid[];
    shown uuid[];
    named uuid[];
    sort text := coalesce(p ->> 'sort', 'recent');
begin
    if job is not null and not exists (select from jobs where id = job and company_id = company) then
        answer.status := 404;
        answer.code := 'not_found';
        return answer;
    end if;
    asked := applications_asked(company, job, p);
    if asked ? 'errors' then
        answer.status := 400;
        answer.code := 'invalid_parameter';
        answer.problem := asked;
        return answer;
    end if;
    ids := applications_found(company, job, asked, sort, after, page + 1);
    select coalesce(string_agg(application_card(a, 'company'), ',' order by n), ''), array_agg(distinct a.candidate_id),
        array_agg(distinct a.candidate_id) filter (where application_names(a))
    into answer.items, shown, named
    from unnest(ids[1:page]) with ordinality as e (id, n) join applications a using (id);
    answer.next_key := case when cardinality(ids) > page then application_keyset(ids[page], sort) end;
    if p ->> 'total' = 'exact' then
        answer.members := format('"total":{"value":%s,"accuracy":"exact"}', applications_count(company, job, asked));
    end if;
    perform audit_showing('application.listed', case when job is null then 'company' else 'job' end,
        coalesce(job, company), company, array_remove(shown, null), coalesce(named, '{}'));
    answer.status := 200;
    return answer;
end
$$;
comment on function applications_view_list(uuid, uuid, jsonb, text, integer) is
    'GET /v1/applications and /v1/jobs/{job_id}/applications by a member of the company: a page.';

-- A piece holds what fits a mebibyte of letters and answers, and one application at least. Whom it showed is recorded with it
-- in one statement: a long export leaves a row of the trail for each piece, not for each application.
create function applications_export(company uuid, job uuid, p jsonb, after text, form text, columns text, page integer)
returns application_page
language plpgsql volatile
as $$
declare
    answer application_page;
    asked jsonb;
    ids uuid[];
    shown uuid[];
    named uuid[];
    n_fit integer;
    questions jsonb := '[]';
    sort text := coalesce(p ->> 'sort', 'recent');
begin
    select j.questions into questions from jobs j where j.id = job and j.company_id = company;
    if job is not null and not found then
        answer.status := 404;
        answer.code := 'not_found';
        return answer;
    end if;
    asked := applications_asked(company, job, p);
    if asked ? 'errors' then
        answer.status := 400;
        answer.code := 'invalid_parameter';
        answer.problem := asked;
        return answer;
    end if;
    answer.columns := coalesce(columns, array(select q ->> 'id' from jsonb_array_elements(questions) with ordinality as e (q, n)
        order by n)::text);
    answer.head := case when columns is null and form = 'csv' then application_csv_head(questions) end;
    ids := applications_found(company, job, asked, sort, after, page + 1);
    select count(*) into n_fit from (
        select n, sum(4000 + octet_length(coalesce(a.cover_letter, '')) + octet_length(a.answers::text)) over (order by n) as size
        from unnest(ids[1:page]) with ordinality as e (id, n) join applications a using (id)) as sizes
    where n = 1 or size <= 1048576;
    select coalesce(case form when 'csv' then string_agg(application_csv(a, answer.columns::text[]), '' order by n)
            else string_agg(json_compact(application_json(a, 'company')) || E'\n', '' order by n) end, ''),
        array_agg(distinct a.candidate_id), array_agg(distinct a.candidate_id) filter (where application_names(a))
    into answer.items, shown, named
    from unnest(ids[1:n_fit]) with ordinality as e (id, n) join applications a using (id);
    answer.next_key := case when cardinality(ids) > n_fit and n_fit > 0 then application_keyset(ids[n_fit], sort) end;
    perform audit_showing('application.exported', case when job is null then 'company' else 'job' end,
        coalesce(job, company), company, array_remove(shown, null), coalesce(named, '{}'));
    answer.status := 200;
    return answer;
end
$$;
comment on function applications_export(uuid, uuid, jsonb, text, text, text, integer) is
    'The same listing as CSV (form csv) or NDJSON, the whole of it piece by piece: as much as is taken.';
