-- The place of a listing from which the next page goes on is taken with the page. It was looked up afterwards: an application that
-- was erased in between had none, and the listing ended there; one that changed had a newer one, and what was shown came again.

drop function applications_found(uuid, uuid, jsonb, text, text, integer);
drop function application_keyset(uuid, text);

-- What nothing narrows, newest first: walking one index, by plans that are kept. The vacancy is known to be the company's.
create function applications_newest(company uuid, job uuid, after text, wanted integer, out ids uuid[], out times timestamptz[])
language plpgsql stable
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
begin
    if job is null then
        select coalesce(array_agg(n.application_id order by n.submitted_at desc, n.application_id desc), '{}'),
            array_agg(n.submitted_at order by n.submitted_at desc, n.application_id desc)
        into ids, times
        from (select s.application_id, s.submitted_at from application_search s
            where s.company_id = company and (s.submitted_at, s.application_id) < (keyset_at(after), keyset_id(after))
            order by s.submitted_at desc, s.application_id desc limit wanted) as n;
    else
        select coalesce(array_agg(n.application_id order by n.submitted_at desc, n.application_id desc), '{}'),
            array_agg(n.submitted_at order by n.submitted_at desc, n.application_id desc)
        into ids, times
        from (select s.application_id, s.submitted_at from application_search s
            where s.job_id = job and (s.submitted_at, s.application_id) < (keyset_at(after), keyset_id(after))
            order by s.submitted_at desc, s.application_id desc limit wanted) as n;
    end if;
end
$$;
comment on function applications_newest(uuid, uuid, text, integer) is
    'The newest applications to a company, or to one of its vacancies, after a place in that order, each with when it was sent.';

-- Most of what is asked for fits many of the newest: so these are looked at first, in order. What fits few of them is rare,
-- and the index of words and flags has it. An OFFSET keeps the planner from walking the order to its end for rare ones.
create function applications_found(company uuid, job uuid, asked jsonb, sort text, after text, wanted integer,
    out ids uuid[], out times timestamptz[], out ratings smallint[])
language plpgsql stable
set enable_seqscan = off
set enable_bitmapscan = on
set jit = off
as $$
declare
    whose text;
    narrow boolean := asked -> 'narrow';
    near integer := case when narrow then 500 + 4 * wanted else wanted end;
    fits text;
    joined text;
    at text;
    walked integer;
begin
    if not narrow and sort = 'recent' then
        select newest.ids, newest.times into ids, times from applications_newest(company, job, after, wanted) as newest;
        return;
    end if;
    whose := application_whose(company, job);
    fits := case when narrow then format('s.words @@ %L::tsquery', asked ->> 'query') || (asked ->> 'conditions') else 'true' end;
    joined := case when asked ->> 'conditions' like '%a.%' then 'join applications a on a.id = s.application_id' else '' end;
    at := case sort when 'updated' then 's.updated_at' else 's.submitted_at' end;
    execute format('select coalesce(array_agg(id order by n) filter (where fits), ''{}''), array_agg(at order by n) filter (where fits), '
        'array_agg(rating order by n) filter (where fits), count(*) from ('
        'select s.application_id as id, %7$s as at, s.rating, %1$s as fits, row_number() over (order by %2$s) as n '
        'from application_search s %3$s where %4$s and %5$s order by %2$s limit %6$s) as walk', fits, application_order(sort), joined,
        whose, application_after(sort, after), near, at) into ids, times, ratings, walked;
    if cardinality(ids) < wanted and walked >= near then
        execute format('select coalesce(array_agg(id order by n), ''{}''), array_agg(at order by n), array_agg(rating order by n) from ('
            'select application_id as id, %7$s as at, s.rating, row_number() over (order by %1$s) as n from ('
            'select s.application_id, s.submitted_at, s.updated_at, s.rating '
            'from application_search s %2$s where %3$s and %4$s %5$s offset 0) as s order by %1$s limit %6$s) as found',
            application_order(sort), joined, case when (asked -> 'flags')::boolean
                then format('s.words @@ %L::tsquery', asked ->> 'query') else whose end,
            application_after(sort, after), asked ->> 'conditions', wanted, at) into ids, times, ratings;
    end if;
    ids := ids[1:wanted];
end
$$;
comment on function applications_found(uuid, uuid, jsonb, text, text, integer) is
    'The applications that fit, in order, after a place in it, each with what its own place is made of (application_keyset).';

create function application_keyset(sort text, at timestamptz, rating smallint, id uuid) returns text
language sql immutable parallel safe
as $$ select keyset_text(at, id) || case sort when 'rating' then '.' || rating else '' end $$;
comment on function application_keyset(text, timestamptz, smallint, uuid) is 'The place of an application in a listing of that order.';

-- A page of applications describes each vacancy once, however many of them are to it: for a vacancy's own list that was a seventh of
-- what PostgreSQL did.

drop function application_card(applications, text);
create function application_card(a applications, viewer text, job json default null) returns text
language plpgsql stable
as $$
declare
    candidate json;
    assignee json;
    tags json;
begin
    if viewer = 'company' and candidate_restricted(a.candidate_id) then
        return json_compact(application_restricted_json(a, 'card'));
    end if;
    if viewer = 'company' then
        candidate := candidate_shown(a, 'card');
        assignee := application_assignee_json(a);
        tags := application_tags_json(a.id);
    end if;
    return json_compact(json_build_object(
        'id', a.id, 'job', coalesce(job, application_job_json(a, viewer)), 'candidate', candidate, 'status', a.status,
        'assignee', assignee, 'tags', tags,
        'submitted_at', rfc3339(a.submitted_at), 'updated_at', rfc3339(a.updated_at),
        'next_update_due', rfc3339(a.next_update_due), 'purge_after', rfc3339(application_purge_after(a)),
        'anonymised_at', rfc3339(a.anonymised_at)));
end
$$;
comment on function application_card(applications, text, json) is
    'An application as a listing of that side shows it. job: application_job_json, where it is known already.';

create or replace function applications_view_list(company uuid, job uuid, p jsonb, after text, page integer) returns application_page
language plpgsql volatile
as $$
declare
    answer application_page;
    asked jsonb;
    listed record;
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
    listed := applications_found(company, job, asked, sort, after, page + 1);
    with page_shown as materialized (
        select a, n from unnest(listed.ids[1:page]) with ordinality as e (id, n) join applications a using (id)
    ), jobs_shown as materialized (
        select (a).job_id as id, application_job_json(a, 'company') as job
        from (select distinct on ((a).job_id) a from page_shown offset 0) as one_of_each
    )
    select coalesce(string_agg(application_card(s.a, 'company', j.job), ',' order by s.n), ''), array_agg(distinct d.id),
        array_agg(distinct d.id) filter (where not application_blind(s.a) and d.restricted_at is null)
    into answer.items, shown, named
    from page_shown s join jobs_shown j on j.id = (s.a).job_id left join candidates d on d.id = (s.a).candidate_id;
    answer.next_key := case when cardinality(listed.ids) > page
        then application_keyset(sort, listed.times[page], listed.ratings[page], listed.ids[page]) end;
    if p ->> 'total' = 'exact' then
        answer.members := format('"total":{"value":%s,"accuracy":"exact"}', applications_count(company, job, asked));
    end if;
    perform audit_showing('application.listed', case when job is null then 'company' else 'job' end,
        coalesce(job, company), company, array_remove(shown, null), coalesce(named, '{}'));
    answer.status := 200;
    return answer;
end
$$;

-- A piece holds what fits a mebibyte of letters and answers, and one application at least. Whom it showed is recorded with it
-- in one statement: a long export leaves a row of the trail for each piece, not for each application.
create or replace function applications_export(company uuid, job uuid, p jsonb, after text, form text, columns text, page integer)
returns application_page
language plpgsql volatile
as $$
declare
    answer application_page;
    asked jsonb;
    listed record;
    shown uuid[];
    named uuid[];
    n_fit integer;
    questions jsonb := '[]';
    asked_questions text[];
    sort text := coalesce(p ->> 'sort', 'recent');
begin
    if job is not null then
        questions := (select j.questions from jobs j where j.id = job and j.company_id = company);
        if questions is null then
            answer.status := 404;
            answer.code := 'not_found';
            return answer;
        end if;
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
    asked_questions := answer.columns;
    answer.head := case when columns is null and form = 'csv' then application_csv_head(questions) end;
    listed := applications_found(company, job, asked, sort, after, page + 1);
    -- What went in the meantime takes no room: if all did, the next piece begins after them.
    n_fit := coalesce((select max(n) from (
        select n, row_number() over (order by n) as first,
            sum(4000 + octet_length(coalesce(a.cover_letter, '')) + octet_length(a.answers::text)) over (order by n) as size
        from unnest(listed.ids[1:page]) with ordinality as e (id, n) join applications a using (id)) as sizes
        where first = 1 or size <= 1048576), least(page, cardinality(listed.ids)));
    -- Two statements: of one with both forms a plan that is kept makes both, and shows one.
    if form = 'csv' then
        select coalesce(string_agg(application_csv(a, asked_questions), '' order by n), '') into answer.items
        from unnest(listed.ids[1:n_fit]) with ordinality as e (id, n) join applications a using (id);
    else
        select coalesce(string_agg(json_compact(application_json(a, 'company')) || E'\n', '' order by n), '') into answer.items
        from unnest(listed.ids[1:n_fit]) with ordinality as e (id, n) join applications a using (id);
    end if;
    select array_agg(distinct a.candidate_id), array_agg(distinct a.candidate_id) filter (where application_names(a))
    into shown, named
    from unnest(listed.ids[1:n_fit]) as e (id) join applications a using (id);
    answer.next_key := case when cardinality(listed.ids) > n_fit
        then application_keyset(sort, listed.times[n_fit], listed.ratings[n_fit], listed.ids[n_fit]) end;
    perform audit_showing('application.exported', case when job is null then 'company' else 'job' end,
        coalesce(job, company), company, array_remove(shown, null), coalesce(named, '{}'));
    answer.status := 200;
    return answer;
end
$$;
