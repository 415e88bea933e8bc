-- What a company finds its applications by: one row for each, made in the transaction of the change, from what the company
-- may see of it and from nothing else. docs/applications.md says what the search promises.

create table application_search (
    application_id  uuid primary key references applications (id) on delete cascade,
    company_id      uuid not null,
    job_id          uuid not null,
    candidate_id    uuid,
    submitted_at    timestamptz not null,
    updated_at      timestamptz not null,
    next_update_due timestamptz,
    rating          smallint not null default 0,
    stale           boolean not null default false,
    words           tsvector not null,
    constraint application_search_rating_range check (rating between 0 and 500)
);
create index application_search_company on application_search (company_id, submitted_at desc, application_id desc);
create index application_search_job on application_search (job_id, submitted_at desc, application_id desc);
create index application_search_company_updated on application_search (company_id, updated_at desc, application_id desc);
create index application_search_job_updated on application_search (job_id, updated_at desc, application_id desc);
create index application_search_company_rating
    on application_search (company_id, rating desc, submitted_at desc, application_id desc);
create index application_search_job_rating on application_search (job_id, rating desc, submitted_at desc, application_id desc);
create index application_search_due on application_search (company_id, next_update_due) where next_update_due is not null;
create index application_search_candidate on application_search (candidate_id);
create index application_search_stale on application_search (application_id) where stale;
create index application_search_words on application_search using gin (words) with (gin_pending_list_limit = 512);
comment on table application_search is 'The listing and search of received applications: one row for each application.';
comment on column application_search.rating is 'Hundredths of the mean rating, 100 to 500; 0: nobody rated it.';
comment on column application_search.stale is 'words are of before a change of the candidate; a chore makes them again.';
comment on column application_search.words is
    'The words of answers, letter and profile as the company sees them, by their Italian and English stems; and what is '
    'filtered by, as lexemes that no word can be: c:company, j:job, s:status, l:language:level (1 = A1), t:tool, q:question, '
    'a:question=answer.';

-- --- Words ---------------------------------------------------------------------------------------------------------------

-- Both stems of every word stand at its place, so that neither the language of a letter nor that of a query matters, and a
-- phrase is found in either. What is a stop word of one language is not kept as a word of the other.
create function application_words(source text) returns tsvector
language plpgsql immutable parallel safe
as $$
declare
    folded text := left(search_fold(source), 100000);
begin
    return (ts_delete(to_tsvector('pg_catalog.italian', folded), '{a,about,after,all,an,and,any,are,as,at,be,been,by,can,do,'
        'for,from,had,has,have,he,her,his,i,in,is,it,its,me,my,no,not,of,on,or,our,she,so,that,the,their,them,they,this,to,'
        'was,we,were,what,which,who,will,with,you,your}')::text || ' '
        || ts_delete(to_tsvector('pg_catalog.english', folded), '{a,ad,agli,ai,al,alla,alle,anche,che,chi,come,con,cui,da,dal,'
        'dalla,dei,del,della,delle,di,e,ed,gli,ha,ho,i,il,in,io,la,le,lo,ma,mi,mia,mio,ne,nei,nel,nella,non,o,per,si,sono,su,'
        'sul,sulla,tra,un,una,uno}')::text)::tsvector;
end
$$;
comment on function application_words(text) is
    'The words of a text (of the first 100,000 characters, folded) by their Italian and their English stems.';

create function application_answer_keys(value jsonb) returns setof text
language sql immutable parallel safe
as $$
    select case jsonb_typeof(v) when 'boolean' then 'b:' || v::text
        when 'number' then 'n:' || left(trim_scale(v::text::numeric)::text, 100)
        else 't:' || left(search_fold(v #>> '{}'), 100) end
    from jsonb_path_query(value, 'lax $[*] ? (@.type() == "boolean" || @.type() == "number" || @.type() == "string")') as v
$$;
comment on function application_answer_keys(jsonb) is
    'What an answer, or each option of one, is compared by: letter case, accents and the spelling of a number do not matter.';

create function application_flags(a applications, candidate jsonb) returns tsvector
language sql stable
as $$
    select coalesce(string_agg(distinct search_quoted(flag), ' '), '')::tsvector
    from (
        values ('c:' || a.company_id), ('j:' || a.job_id), ('s:' || a.status)
        union all select format('l:%s:%s', lower(split_part(l ->> 'language', '-', 1)), n)
            from jsonb_path_query(candidate, 'lax $.languages[*]') as l,
                generate_series(1, coalesce(array_position('{A1,A2,B1,B2,C1,C2}', l ->> 'level'), 1)) as n
        union all select 't:' || left(search_tool_key(t #>> '{}'), 100)
            from jsonb_path_query(candidate, 'lax $.tools[*].name') as t
        union all select 'q:' || (e ->> 'question_id') from jsonb_array_elements(a.answers) as e
        union all select format('a:%s=%s', e ->> 'question_id', k)
            from jsonb_array_elements(a.answers) as e, application_answer_keys(e -> 'value') as k
    ) as flags (flag)
    where flag is not null
$$;
comment on function application_flags(applications, jsonb) is 'What an application is filtered by, as lexemes without a place.';

-- The languages have their filter: "it" and "C1" as words would be found everywhere.
create function application_search_words(a applications) returns tsvector
language plpgsql stable
as $$
declare
    candidate jsonb := coalesce(candidate_shown(a, 'full')::jsonb, '{}');
begin
    return application_words(concat_ws(' ', case when not application_blind(a) then a.cover_letter end,
            (select string_agg(v #>> '{}', ' ') from jsonb_path_query(a.answers, 'lax $[*].value[*]') as v
                where jsonb_typeof(v) in ('string', 'number')),
            (select string_agg(v #>> '{}', ' ') from jsonb_path_query(candidate - '{id,languages}'::text[], 'strict $.**') as v
                where jsonb_typeof(v) = 'string')))
        || application_flags(a, candidate);
end
$$;
comment on function application_search_words(applications) is
    'The words and flags of an application, from what its company may see of it: of a blind one neither name nor letter.';

create function application_search_flags(words tsvector) returns tsvector
language sql immutable parallel safe
as $$
    select coalesce(string_agg(search_quoted(lexeme), ' '), '')::tsvector from unnest(words) where positions is null
$$;
comment on function application_search_flags(tsvector) is 'The flags alone: what is left of words that may not be found any more.';

-- --- Kept in step --------------------------------------------------------------------------------------------------------

create function application_search_put(a applications) returns void
language plpgsql volatile
as $$
begin
    insert into application_search as s (application_id, company_id, job_id, candidate_id, submitted_at, updated_at,
        next_update_due, words)
    values (a.id, a.company_id, a.job_id, a.candidate_id, a.submitted_at, a.updated_at, a.next_update_due,
        application_search_words(a))
    on conflict (application_id) do update set company_id = excluded.company_id, job_id = excluded.job_id,
        candidate_id = excluded.candidate_id, submitted_at = excluded.submitted_at, updated_at = excluded.updated_at,
        next_update_due = excluded.next_update_due, words = excluded.words;
end
$$;
comment on function application_search_put(applications) is 'Makes the row of an application, there or not.';

create function application_search_store() returns trigger
language plpgsql
as $$
declare
    moves constant text[] := '{status,reason,updated_at,next_update_due,reminded_due,version}';
begin
    if tg_op = 'UPDATE' and to_jsonb(old) - moves = to_jsonb(new) - moves then
        update application_search set updated_at = new.updated_at, next_update_due = new.next_update_due,
            words = ts_delete(words, 's:' || old.status) || search_quoted('s:' || new.status)::tsvector
        where application_id = new.id;
        if found then
            return null;
        end if;
    end if;
    perform application_search_put(new);
    return null;
end
$$;
-- A statement that changes thousands at once does for all of them what this does for each (job_answer_applications).
create trigger applications_search_store after insert or update on applications for each row
    when (current_setting('segreteria.rows_at_once', true) is distinct from 'on')
    execute function application_search_store();

-- A candidate may have hundreds of applications, and saves a profile often: the chore makes their words again.
create function application_search_doubt() returns trigger
language plpgsql
as $$
begin
    update application_search set stale = true where candidate_id = new.id and not stale;
    return null;
end
$$;
create trigger candidates_search_doubt after update on candidates for each row
    when (old.* is distinct from new.*) execute function application_search_doubt();

create function application_search_doubt_account() returns trigger
language plpgsql
as $$
begin
    update application_search s set stale = true
    from candidates d where d.account_id = new.id and s.candidate_id = d.id and not s.stale;
    return null;
end
$$;
create trigger accounts_search_doubt after update of email on accounts for each row
    when (old.email is distinct from new.email) execute function application_search_doubt_account();

create function application_search_renew(at_most integer) returns integer
language plpgsql volatile
as $$
declare
    n integer;
begin
    update application_search s set stale = false, words = application_search_words(a)
    from applications a
    where a.id = s.application_id and s.application_id = any (array(
        select application_id from application_search where stale limit at_most for update skip locked));
    get diagnostics n = row_count;
    return n;
end
$$;
comment on function application_search_renew(integer) is 'Makes words again that are stale, at most so many; how many.';

-- The lanes run without it; here each call of application_flags would be compiled, 9 ms instead of 0.04.
set local jit = off;

-- Those that are there already: listed at once, found by their words when the chore has come to them.
insert into application_search (application_id, company_id, job_id, candidate_id, submitted_at, updated_at, next_update_due,
    stale, words)
select a.id, a.company_id, a.job_id, a.candidate_id, a.submitted_at, a.updated_at, a.next_update_due, true,
    application_flags(a, '{}')
from applications a;
