-- How a company works with the applications it received: moves of one and of many, notes, ratings by criterion, tags, who
-- looks after one, and several side by side. Nothing here decides by itself: ratings and comparisons are shown to people, and
-- no number moves an application.

alter table applications
    add column assignee_id uuid references company_members (id) on delete set null,
    add column reminded_due timestamptz;
create index applications_assignee on applications (assignee_id) where assignee_id is not null;
comment on column applications.assignee_id is 'The member of the company who looks after it; NULL: owners and recruiters do.';
comment on column applications.reminded_due is 'The next_update_due for which the company has been reminded.';

-- ---- history ----

alter table application_events add column detail jsonb not null default '{}',
    add constraint application_events_detail_small check (jsonb_typeof(detail) = 'object' and octet_length(detail::text) <= 4096);
comment on column application_events.to_status is 'The status after it: the one it had already where the event is none of status.';
comment on column application_events.detail is 'What it was about: note_id, message_id, interview_id, member_id, criterion, added, removed.';

create function application_event_public(type text) returns boolean
language sql immutable parallel safe
as $$
    select type not in ('assigned', 'unassigned', 'tags_changed', 'note_added', 'note_deleted', 'rated')
$$;
comment on function application_event_public(text) is 'Whether the candidate sees events of a type; the others are the company''s own.';

create function application_event_add(a applications, actor text, account uuid, type text, detail jsonb default '{}') returns void
language sql volatile
as $$
    insert into application_events (application_id, actor_kind, account_id, type, to_status, detail)
    values (a.id, actor, account, application_event_add.type, a.status, application_event_add.detail)
$$;
comment on function application_event_add(applications, text, uuid, text, jsonb) is 'An event that leaves the status as it is.';

create or replace function application_event_text(e application_events, viewer text) returns text
language plpgsql stable
as $$
begin
    return json_compact(json_build_object('id', e.id, 'type', e.type, 'at', rfc3339(e.at),
        'actor', json_build_object('kind', e.actor_kind,
            'name', case
                when e.account_id is null or (viewer <> 'company' and e.actor_kind <> 'candidate') then null
                when viewer = 'company' and e.actor_kind = 'candidate'
                    then (select nullif(concat_ws(' ', s ->> 'given_name', s ->> 'family_name'), '')
                        from applications a, candidate_shown(a, 'card') as s where a.id = e.application_id)
                else (select n.name from accounts n where n.id = e.account_id) end),
        'from_status', e.from_status, 'to_status', e.to_status,
        'reason', case when e.reason is null or viewer <> 'company' or e.actor_kind <> 'candidate'
            or not exists (select from applications a where a.id = e.application_id and application_blind(a)) then e.reason end,
        'detail', case when viewer = 'company' then nullif(e.detail, '{}') else nullif(e.detail - 'member_id', '{}') end));
end
$$;
comment on function application_event_text(application_events, text) is
    'An event of an application as one side sees it: the candidate does not see which member acted, the company of the '
    'candidate what candidate_shown shows, and none of its words while it reviews blind.';

create function application_open_to(a applications, company uuid) returns boolean
language plpgsql stable
as $$
begin
    return a.company_id = company and not shield_hides(a.candidate_id, company) and not candidate_restricted(a.candidate_id);
end
$$;
comment on function application_open_to(applications, uuid) is
    'Whether the company received it and may work with it: its candidate does not keep out of the company''s sight, and has not '
    'restricted the processing of its data; else it does not exist for it.';

-- ---- notes ----

create table application_notes (
    id             uuid primary key,
    application_id uuid not null references applications (id) on delete cascade,
    account_id     uuid references accounts (id) on delete set null,
    body           text not null,
    created_at     timestamptz not null default now(),
    updated_at     timestamptz not null default now(),
    version        integer not null default 1,
    constraint application_notes_body_length check (length(body) between 1 and 5000)
);
create index application_notes_application on application_notes (application_id, created_at desc, id desc);
create index application_notes_account on application_notes (account_id) where account_id is not null;
comment on table application_notes is
    'What members of a company write down about an application: the company''s alone, and about a person: erased with it.';
comment on column application_notes.account_id is 'Who wrote it; NULL: somebody whose account is gone.';

create function note_json(n application_notes) returns json
language sql stable
as $$
    select json_build_object('id', n.id, 'application_id', n.application_id, 'author', case when n.account_id is not null then
            (select json_build_object('account_id', c.id, 'name', c.name) from accounts c where c.id = n.account_id) end,
        'body', n.body, 'created_at', rfc3339(n.created_at), 'updated_at', rfc3339(n.updated_at), 'version', n.version)
$$;
comment on function note_json(application_notes) is
    'A note as the members of its company see it. An answer that is kept for an Idempotency-Key is found by application_id '
    'when the application is erased: whatever may hold words about a person names it.';

create function notes_list(company uuid, application uuid, after text, page integer) returns list_result
language plpgsql volatile
as $$
declare
    answer list_result;
begin
    if not exists (select from applications where id = application and application_open_to(applications, company)) then
        return row(404, 'not_found', null, null)::list_result;
    end if;
    perform audit_record('application.notes_viewed', 'application', application, company);
    select 200, null, coalesce(string_agg(item, ',' order by n) filter (where n <= page), ''),
        case when count(*) > page then max(keyset_text(created_at, id)) filter (where n = page) end
    into answer
    from (
        select n.id, n.created_at, row_number() over (order by n.created_at desc, n.id desc) as n, json_compact(note_json(n)) as item
        from application_notes n
        where n.application_id = application and (n.created_at, n.id) < (keyset_at(after), keyset_id(after))
        order by n.created_at desc, n.id desc
        limit page + 1
    ) as notes;
    return answer;
end
$$;
comment on function notes_list(uuid, uuid, text, integer) is 'GET /v1/applications/{application_id}/notes.';

create function notes_get(company uuid, application uuid, note uuid) returns op_result
language plpgsql volatile
as $$
declare
    document text;
begin
    select json_compact(note_json(n)) into document from application_notes n join applications a on a.id = n.application_id
    where n.id = note and a.id = application and application_open_to(a, company);
    if not found then
        return op_problem(404, 'not_found');
    end if;
    perform audit_record('application.notes_viewed', 'application', application, company);
    return op_ok(200, document, etag_of(document));
end
$$;
comment on function notes_get(uuid, uuid, uuid) is 'GET /v1/applications/{application_id}/notes/{note_id}.';

create function notes_create(company uuid, account uuid, new_id uuid, application uuid, body jsonb) returns op_result
language plpgsql volatile
as $$
declare
    a applications;
    n application_notes;
    document text;
begin
    select * into a from applications where id = application and application_open_to(applications, company) for no key update;
    if not found then
        return op_problem(404, 'not_found');
    elsif (select count(*) from application_notes where application_id = application) >= 500 then
        return op_problem(409, 'limit_reached', '{"limit": 500}');
    end if;
    insert into application_notes (id, application_id, account_id, body)
    values (new_id, application, account, notes_create.body ->> 'body') returning * into n;
    perform application_event_add(a, 'company', account, 'note_added', jsonb_build_object('note_id', n.id));
    perform audit_record('application.note_added', 'application', application, company, null, jsonb_build_object('note_id', n.id));
    document := json_compact(note_json(n));
    return op_ok(201, document, etag_of(document), '/v1/applications/' || application || '/notes/' || n.id);
end
$$;
comment on function notes_create(uuid, uuid, uuid, uuid, jsonb) is 'POST /v1/applications/{application_id}/notes: at most 500.';

create function notes_patch(company uuid, account uuid, application uuid, note uuid, body jsonb, if_match text[]) returns op_result
language plpgsql volatile
as $$
declare
    n application_notes;
    document text;
begin
    select n0.* into n from application_notes n0 join applications a on a.id = n0.application_id
    where n0.id = note and a.id = application and application_open_to(a, company) for update of n0;
    if not found then
        return op_problem(404, 'not_found');
    elsif n.account_id is distinct from account then
        return op_problem(403, 'forbidden');
    elsif not etag_matches(if_match, etag_of(json_compact(note_json(n)))) then
        return op_problem(412, 'precondition_failed');
    end if;
    update application_notes set body = notes_patch.body ->> 'body', updated_at = now(), version = version + 1
    where id = note and application_notes.body <> notes_patch.body ->> 'body';
    if found then
        perform audit_record('application.note_changed', 'application', application, company, null,
            jsonb_build_object('note_id', note));
    end if;
    select * into n from application_notes where id = note;
    document := json_compact(note_json(n));
    return op_ok(200, document, etag_of(document));
end
$$;
comment on function notes_patch(uuid, uuid, uuid, uuid, jsonb, text[]) is 'A note is changed by who wrote it.';

create function notes_delete(company uuid, account uuid, role text, application uuid, note uuid, if_match text[]) returns op_result
language plpgsql volatile
as $$
declare
    a applications;
    n application_notes;
begin
    select * into a from applications where id = application and application_open_to(applications, company);
    select * into n from application_notes where id = note and application_id = a.id for update;
    if not found then
        return op_problem(404, 'not_found');
    elsif n.account_id is distinct from account and role <> 'owner' then
        return op_problem(403, 'forbidden');
    elsif not etag_matches(if_match, etag_of(json_compact(note_json(n)))) then
        return op_problem(412, 'precondition_failed');
    end if;
    delete from application_notes where id = note;
    perform application_event_add(a, 'company', account, 'note_deleted', jsonb_build_object('note_id', note));
    perform audit_record('application.note_deleted', 'application', application, company, null, jsonb_build_object('note_id', note));
    return op_ok(204);
end
$$;
comment on function notes_delete(uuid, uuid, text, uuid, uuid, text[]) is 'A note goes by who wrote it or an owner.';

-- ---- criteria and ratings ----

create table review_criteria (
    id         uuid primary key default uuid_v7(),
    company_id uuid not null references companies (id) on delete cascade,
    job_id     uuid references jobs (id) on delete cascade,
    criteria   jsonb not null,
    updated_at timestamptz not null default now(),
    constraint review_criteria_list check (jsonb_typeof(criteria) = 'array' and jsonb_array_length(criteria) <= 20)
);
create unique index review_criteria_company on review_criteria (company_id) where job_id is null;
create unique index review_criteria_job on review_criteria (job_id) where job_id is not null;
comment on table review_criteria is 'By what a company rates applications: [{id, label}], for all its vacancies or for one.';
comment on column review_criteria.job_id is 'NULL: for every vacancy that has none of its own.';

create table application_ratings (
    application_id uuid not null references applications (id) on delete cascade,
    account_id     uuid not null references accounts (id) on delete cascade,
    criterion      text not null,
    value          smallint not null,
    rated_at       timestamptz not null default now(),
    primary key (application_id, account_id, criterion),
    constraint application_ratings_value_range check (value between 1 and 5)
);
create index application_ratings_account on application_ratings (account_id);
comment on table application_ratings is
    'What a member thinks of an application by one criterion. Shown to the company''s people; nothing acts on it.';

create function job_criteria(job uuid, company uuid) returns jsonb
language sql stable
as $$
    select coalesce(
        (select criteria from review_criteria where job_id = job and criteria <> '[]'),
        (select criteria from review_criteria where company_id = company and job_id is null), '[]')
$$;
comment on function job_criteria(uuid, uuid) is 'The criteria that hold for a vacancy: its own, else its company''s.';

create function criteria_result(company uuid, job uuid, status integer) returns op_result
language plpgsql stable
as $$
declare
    own jsonb;
    document text;
begin
    select criteria into own from review_criteria where case when job is null then company_id = company and job_id is null
        else job_id = job end;
    document := json_compact(json_build_object('criteria', case when job is null then coalesce(own, '[]')
            else job_criteria(job, company) end,
        'inherited', case when job is not null then coalesce(own, '[]') = '[]' end));
    return op_ok(status, document, etag_of(document));
end
$$;

create function criteria_get(caller_company uuid, company uuid, job uuid) returns op_result
language plpgsql stable
as $$
begin
    if company is not null and company is distinct from caller_company then
        return op_problem(403, 'forbidden');
    elsif job is not null and not exists (select from jobs where id = job and company_id = caller_company) then
        return op_problem(404, 'not_found');
    end if;
    return criteria_result(caller_company, job, 200);
end
$$;
comment on function criteria_get(uuid, uuid, uuid) is 'The criteria of a company, or those that hold for one of its vacancies.';

create function criteria_put(caller_company uuid, company uuid, job uuid, body jsonb, if_match text[], lang text) returns op_result
language plpgsql volatile
as $$
declare
    refused op_result;
    twice jsonb;
begin
    perform from companies where id = caller_company for no key update; -- one at a time
    refused := criteria_get(caller_company, company, job);
    if refused.status <> 200 then
        return refused;
    elsif not etag_matches(if_match, refused.etag) then
        return op_problem(412, 'precondition_failed');
    end if;
    select jsonb_agg(violation('/criteria/' || n - 1 || '/id', 'duplicate_criterion') order by n) into twice
    from (select n, row_number() over (partition by c ->> 'id' order by n) as nth
        from jsonb_array_elements(body -> 'criteria') with ordinality as e (c, n)) as listed
    where nth > 1;
    if twice is not null then
        return op_invalid(violations(twice, lang));
    end if;
    if job is null then
        insert into review_criteria (company_id, criteria) values (caller_company, body -> 'criteria')
        on conflict (company_id) where job_id is null do update set criteria = excluded.criteria, updated_at = now();
    else
        insert into review_criteria (company_id, job_id, criteria) values (caller_company, job, body -> 'criteria')
        on conflict (job_id) where job_id is not null do update set criteria = excluded.criteria, updated_at = now();
    end if;
    return criteria_result(caller_company, job, 200);
end
$$;
comment on function criteria_put(uuid, uuid, uuid, jsonb, text[], text) is
    'Replaces the criteria. Ratings by one that is gone stay and do not count until it is back.';

create function application_ratings_json(a applications) returns json
language sql stable
as $$
    select coalesce(json_agg(json_build_object('id', c ->> 'id', 'label', c ->> 'label', 'average', r.average,
        'count', coalesce(r.count, 0)) order by n), '[]')
    from jsonb_array_elements(job_criteria(a.job_id, a.company_id)) with ordinality as e (c, n)
    left join (
        select criterion, round(avg(value), 2) as average, count(*) as count
        from application_ratings where application_id = a.id group by criterion
    ) as r on r.criterion = c ->> 'id'
$$;
comment on function application_ratings_json(applications) is 'The average and number of the ratings by each criterion that holds.';

create function application_rating_json(a applications) returns json
language sql stable
as $$
    select case when count(*) > 0 then json_build_object('average', round(avg(value), 2), 'members', count(distinct account_id)) end
    from application_ratings
    where application_id = a.id and criterion in (select c ->> 'id' from jsonb_array_elements(job_criteria(a.job_id, a.company_id)) as c)
$$;
comment on function application_rating_json(applications) is 'All ratings of an application in one number; NULL: there are none.';

create function rating_json(r application_ratings) returns json
language sql stable
as $$ select json_build_object('criterion', r.criterion, 'value', r.value, 'rated_at', rfc3339(r.rated_at)) $$;

create function ratings_list(company uuid, account uuid, application uuid) returns op_result
language plpgsql volatile
as $$
declare
    a applications;
    document text;
begin
    select * into a from applications where id = application and application_open_to(applications, company);
    if not found then
        return op_problem(404, 'not_found');
    end if;
    perform audit_record('application.ratings_viewed', 'application', application, company);
    document := json_compact(json_build_object('rating', application_rating_json(a), 'criteria', application_ratings_json(a),
        'members', (
            select coalesce(json_agg(member order by name, account_id), '[]')
            from (
                select n.id as account_id, n.name, json_build_object('account_id', n.id, 'name', n.name,
                    'ratings', json_agg(rating_json(r) order by r.criterion)) as member
                from application_ratings r join accounts n on n.id = r.account_id
                where r.application_id = application
                    and r.criterion in (select c ->> 'id' from jsonb_array_elements(job_criteria(a.job_id, company)) as c)
                group by n.id, n.name
            ) as members)));
    return op_ok(200, document, etag_of(document));
end
$$;
comment on function ratings_list(uuid, uuid, uuid) is 'GET /v1/applications/{application_id}/ratings: averages, and who gave what.';

create function ratings_put(company uuid, account uuid, application uuid, criterion text, body jsonb, if_match text[])
returns op_result
language plpgsql volatile
as $$
declare
    a applications;
    r application_ratings;
    given smallint := body -> 'value';
    document text;
begin
    select * into a from applications where id = application and application_open_to(applications, company) for no key update;
    if not found or not exists (select from jsonb_array_elements(job_criteria(a.job_id, company)) as c
            where c ->> 'id' = ratings_put.criterion) then
        return op_problem(404, 'not_found');
    end if;
    select * into r from application_ratings q
    where q.application_id = application and q.account_id = account and q.criterion = ratings_put.criterion;
    if not etag_matches(if_match, case when found then etag_of(json_compact(rating_json(r))) end) then
        return op_problem(412, 'precondition_failed');
    elsif r.value is distinct from given then
        insert into application_ratings as q (application_id, account_id, criterion, value)
        values (application, account, ratings_put.criterion, given)
        on conflict on constraint application_ratings_pkey do update set value = excluded.value, rated_at = now()
        returning * into r;
        perform application_event_add(a, 'company', account, 'rated', jsonb_build_object('criterion', r.criterion));
        perform audit_record('application.rated', 'application', application, company, null,
            jsonb_build_object('criterion', r.criterion));
    end if;
    document := json_compact(rating_json(r));
    return op_ok(200, document, etag_of(document));
end
$$;
comment on function ratings_put(uuid, uuid, uuid, text, jsonb, text[]) is
    'PUT /v1/applications/{application_id}/ratings/{criterion}: the caller''s own, one by each criterion.';

create function ratings_delete(company uuid, account uuid, application uuid, criterion text) returns op_result
language plpgsql volatile
as $$
begin
    delete from application_ratings r using applications a
    where r.application_id = application and r.account_id = account and r.criterion = ratings_delete.criterion
        and a.id = application and application_open_to(a, company);
    if not found then
        return op_problem(404, 'not_found');
    end if;
    perform audit_record('application.rated', 'application', application, company, null,
        jsonb_build_object('criterion', criterion, 'deleted', true));
    return op_ok(204);
end
$$;
comment on function ratings_delete(uuid, uuid, uuid, text) is 'Takes the caller''s own rating back.';

-- ---- tags ----

create table company_tags (
    company_id uuid not null references companies (id) on delete cascade,
    key        text not null,
    label      text not null,
    created_at timestamptz not null default now(),
    primary key (company_id, key),
    constraint company_tags_label_length check (length(label) between 1 and 50)
);
comment on table company_tags is 'The tags a company has in use. key: the label without case and accents, by which it is one tag.';

create table application_tags (
    application_id uuid not null references applications (id) on delete cascade,
    company_id     uuid not null,
    key            text not null,
    primary key (application_id, key),
    foreign key (company_id, key) references company_tags (company_id, key) on delete cascade
);
create index application_tags_tag on application_tags (company_id, key, application_id);
comment on table application_tags is 'Which applications have a tag.';

create function application_tags_json(application uuid) returns json
language sql stable
as $$
    select json_agg(t.label order by t.key)
    from application_tags x join company_tags t on t.company_id = x.company_id and t.key = x.key
    where x.application_id = application
$$;
comment on function application_tags_json(uuid) is 'The tags of an application; NULL: none.';

create function tags_list(company uuid) returns op_result
language plpgsql stable
as $$
declare
    document text;
begin
    select json_compact(json_build_object('tags', coalesce(json_agg(label order by key), '[]'))) into document
    from company_tags where company_id = company;
    return op_ok(200, document, etag_of(document));
end
$$;
comment on function tags_list(uuid) is 'GET /v1/tags: those in use.';

create function tag_violations(body jsonb, lang text) returns jsonb
language sql stable
as $$
    select violations(coalesce(jsonb_agg(violation('/' || list || '/' || n - 1, 'tag_without_letters') order by list, n), '[]'), lang)
    from (values ('add'), ('remove')) as l (list), jsonb_array_elements_text(body -> list) with ordinality as e (tag, n)
    where search_fold(tag) = ''
$$;

create function company_tags_drop_unused() returns trigger
language plpgsql
as $$
begin
    delete from company_tags t using gone
    where t.company_id = gone.company_id and t.key = gone.key
        and not exists (select from application_tags x where x.company_id = t.company_id and x.key = t.key);
    return null;
end
$$;
comment on function company_tags_drop_unused() is
    'Tags go with their last use, also where that is an erasure: the company''s list is what it uses.';
create trigger application_tags_drop_unused after delete on application_tags
    referencing old table as gone for each statement execute function company_tags_drop_unused();

create function tags_change(company uuid, account uuid, application uuid, body jsonb, lang text) returns op_result
language plpgsql volatile
as $$
declare
    a applications;
    errors jsonb := tag_violations(body, lang);
    full_by text;
    added text[];
    removed text[];
begin
    perform from companies where id = company for no key update; -- the company's tags change one at a time
    select * into a from applications where id = application and application_open_to(applications, company) for no key update;
    if not found then
        return op_problem(404, 'not_found');
    elsif errors <> '[]' then
        return op_invalid(errors);
    end if;
    select case
        when (select count(*) from (
            select key from application_tags where application_id = application
            except select search_fold(tag) from jsonb_array_elements_text(body -> 'remove') as tag
            union select search_fold(tag) from jsonb_array_elements_text(body -> 'add') as tag) as k) > 20 then 'tags_of_application'
        when (select count(*) from (
            select key from company_tags where company_id = company
            union select search_fold(tag) from jsonb_array_elements_text(body -> 'add') as tag) as k) > 200 then 'tags_of_company'
        end into full_by;
    if full_by is not null then
        return op_invalid(violations(jsonb_build_array(violation('/add', full_by)), lang));
    end if;
    with gone as (
        delete from application_tags x using jsonb_array_elements_text(body -> 'remove') as tag
        where x.application_id = application and x.key = search_fold(tag) returning x.key)
    select array_agg(key) into removed from gone;
    insert into company_tags (company_id, key, label)
    select distinct on (search_fold(tag)) company, search_fold(tag), normalize(btrim(tag), NFC)
    from jsonb_array_elements_text(body -> 'add') with ordinality as e (tag, n) order by search_fold(tag), n
    on conflict do nothing;
    with new as (
        insert into application_tags (application_id, company_id, key)
        select distinct application, company, search_fold(tag) from jsonb_array_elements_text(body -> 'add') as tag
        on conflict do nothing returning key)
    select array_agg(key) into added from new;
    if added is not null or removed is not null then
        perform application_event_add(a, 'company', account, 'tags_changed', jsonb_strip_nulls(jsonb_build_object(
            'added', to_jsonb(added), 'removed', to_jsonb(removed))));
        perform audit_record('application.tags_changed', 'application', application, company);
    end if;
    return op_ok(200, json_compact(json_build_object('application_id', application,
        'tags', coalesce(application_tags_json(application), '[]'))));
end
$$;
comment on function tags_change(uuid, uuid, uuid, jsonb, text) is
    'POST /v1/applications/{application_id}/tags: removes, then adds. At most 20 of an application and 200 of a company.';

insert into rule_texts (code, en, it) values
    ('tag_without_letters', 'A tag needs a letter or a digit.', 'Un''etichetta deve avere una lettera o una cifra.'),
    ('tags_of_application', 'An application has at most 20 tags.', 'Una candidatura ha al massimo 20 etichette.'),
    ('tags_of_company', 'A company has at most 200 different tags.', 'Un''azienda ha al massimo 200 etichette diverse.'),
    ('duplicate_criterion', 'Another criterion has this id.', 'Un altro criterio ha questo id.'),
    ('unknown_member', 'The company has no owner or recruiter with this id.',
        'L''azienda non ha titolari o addetti alla selezione con questo id.');

-- ---- who looks after it ----

create function application_assignee_json(a applications) returns json
language sql stable
as $$
    select json_build_object('member_id', m.id, 'name', n.name)
    from company_members m join accounts n on n.id = m.account_id where m.id = a.assignee_id
$$;

create function applications_assign(company uuid, account uuid, application uuid, body jsonb, if_match text[], lang text)
returns op_result
language plpgsql volatile
as $$
declare
    a applications;
    chosen uuid := body ->> 'member_id';
begin
    select * into a from applications where id = application and application_open_to(applications, company) for no key update;
    if not found then
        return op_problem(404, 'not_found');
    elsif not etag_matches(if_match, etag_of(json_compact(application_json(a, 'company')))) then
        return op_problem(412, 'precondition_failed');
    elsif chosen is not null and not exists (select from company_members
            where id = chosen and company_id = company and role in ('owner', 'recruiter')) then
        return op_invalid(violations('[{"pointer": "/member_id", "code": "unknown_member"}]', lang));
    elsif a.assignee_id is distinct from chosen then
        update applications set assignee_id = chosen where id = application returning * into a;
        perform application_event_add(a, 'company', account, case when chosen is null then 'unassigned' else 'assigned' end,
            jsonb_strip_nulls(jsonb_build_object('member_id', chosen)));
        perform audit_record('application.assigned', 'application', application, company, null,
            jsonb_build_object('member_id', chosen));
    end if;
    perform audit_record('application.viewed', 'application', application, company, a.candidate_id);
    return application_result(a, 'company', 200);
end
$$;
comment on function applications_assign(uuid, uuid, uuid, jsonb, text[], text) is
    'PUT /v1/applications/{application_id}/assignee: an owner or recruiter of the company, or nobody.';

-- ---- the two views of an application ----

create or replace function application_json(a applications, viewer text) returns json
language plpgsql stable
as $$
declare
    candidate json;
    assignee json;
    tags json;
    rating json;
    hidden boolean := false;
begin
    if viewer = 'company' and candidate_restricted(a.candidate_id) then
        return application_restricted_json(a, 'full');
    end if;
    if viewer = 'company' then
        candidate := candidate_shown(a, 'full');
        hidden := application_blind(a);
        assignee := application_assignee_json(a);
        tags := application_tags_json(a.id);
        rating := application_rating_json(a);
    end if;
    return json_build_object(
        'id', a.id, 'job', application_job_json(a, viewer), 'candidate', candidate, 'status', a.status,
        'reason', a.reason,
        'cover_letter', case when not hidden then a.cover_letter end, 'answers', a.answers,
        'documents', case when not hidden then application_documents_json(a.id) end,
        'consent', application_consent_json(a), 'processing_notice', a.processing_notice,
        'assignee', assignee, 'tags', tags, 'rating', rating,
        'submitted_at', rfc3339(a.submitted_at), 'updated_at', rfc3339(a.updated_at),
        'next_update_due', rfc3339(a.next_update_due), 'purge_after', rfc3339(application_purge_after(a)),
        'anonymised_at', rfc3339(a.anonymised_at), 'version', a.version);
end
$$;

create or replace function application_card(a applications, viewer text) returns text
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
        'id', a.id, 'job', application_job_json(a, viewer), 'candidate', candidate, 'status', a.status,
        'assignee', assignee, 'tags', tags,
        'submitted_at', rfc3339(a.submitted_at), 'updated_at', rfc3339(a.updated_at),
        'next_update_due', rfc3339(a.next_update_due), 'purge_after', rfc3339(application_purge_after(a)),
        'anonymised_at', rfc3339(a.anonymised_at)));
end
$$;

-- ---- moves ----

-- Who applied is told that there is news, not which: the answer is behind the sign-in. Two minutes later, and once for what
-- happens meanwhile.
create function application_tell_candidate(a applications) returns void
language plpgsql volatile
as $$
declare
    account uuid := (select account_id from candidates where id = a.candidate_id);
    named constant text := 'application_update:' || a.id || ':' || a.version;
begin
    if account is null or exists (select from outbox o where o.account_id = account and o.template = 'application_update'
            and o.state = 'queued' and o.params ->> 'application_id' = a.id::text) then
        return;
    end if;
    -- mail_enqueue, with a later due_at, and planned once for the five hundred of a request.
    insert into outbox (template, account_id, to_address, lang, params, message_key, due_at)
    select 'application_update', n.id, n.email, n.lang, jsonb_build_object('application_id', a.id, 'job', j.title,
        'company', c.name), named, now() + interval '2 minutes'
    from accounts n, jobs j join companies c on c.id = j.company_id
    where n.id = account and j.id = a.job_id
    on conflict on constraint outbox_message_key_once do nothing;
end
$$;
comment on function application_tell_candidate(applications) is 'Mails the candidate that there is news of the application.';

create function application_move_refused(a applications, requested text, actor text) returns jsonb
language sql stable
as $$
    select jsonb_build_object('current', a.status, 'requested', requested, 'allowed', coalesce((
        select jsonb_agg(to_status order by to_status) from application_transitions
        where from_status = a.status and application_transitions.actor = application_move_refused.actor), '[]'))
    where requested <> a.status and not exists (select from application_transitions
        where from_status = a.status and to_status = requested and application_transitions.actor = application_move_refused.actor)
$$;
comment on function application_move_refused(applications, text, text) is 'What an invalid_transition says; NULL: the move is allowed.';

-- The row is locked and the move allowed.
create function application_move(a applications, requested text, why text, actor text, account uuid) returns applications
language plpgsql volatile
as $$
declare
    before constant text := a.status;
begin
    update applications set status = requested, reason = case when actor = 'company' then why else reason end,
        updated_at = now(), version = version + 1,
        next_update_due = case when requested not in ('hired', 'rejected', 'withdrawn') then now()
            + (select response_promise_days from jobs where id = job_id) * interval '1 day' end
    where id = a.id returning * into a;
    insert into application_events (application_id, actor_kind, account_id, type, from_status, to_status, reason)
    values (a.id, actor, account, case when requested = 'withdrawn' then 'withdrawn' else 'status_changed' end, before,
        requested, why);
    if actor = 'company' then
        perform application_tell_candidate(a);
    end if;
    return a;
end
$$;
comment on function application_move(applications, text, text, text, uuid) is
    'Moves an application, writes its event, and tells the candidate of what the company did.';

create or replace function applications_patch(application uuid, caller_kind text, caller_company uuid, caller_candidate uuid,
                                              account uuid, body jsonb, if_match text[], lang text) returns op_result
language plpgsql volatile
as $$
declare
    a applications;
    requested text := body ->> 'status';
    refused jsonb;
begin
    select * into a from applications where id = application
        and case caller_kind when 'company' then application_open_to(applications, caller_company)
            when 'candidate' then candidate_id = caller_candidate else false end
    for update;
    if not found then
        return op_problem(404, 'not_found');
    elsif not etag_matches(if_match, etag_of(json_compact(application_json(a, caller_kind)))) then
        return op_problem(412, 'precondition_failed');
    elsif requested is null or (requested = a.status
            and (not body ? 'reason' or body ->> 'reason' is not distinct from a.reason)) then
        return application_result(a, caller_kind, 200);
    end if;
    refused := application_move_refused(a, requested, caller_kind);
    if refused is not null then
        return op_problem(409, 'invalid_transition', refused);
    end if;
    return application_result(application_move(a, requested, body ->> 'reason', caller_kind, account), caller_kind, 200);
end
$$;

create function bulk_refusal(id text, problem jsonb, members jsonb) returns jsonb
language sql immutable
as $$
    select jsonb_build_object('id', id, 'status', problem -> 'status',
        'problem', problem || jsonb_build_object('instance', '/v1/applications/' || id) || members)
$$;
comment on function bulk_refusal(text, jsonb, jsonb) is 'The problem that the move would have had if it came alone.';

create function applications_bulk(company uuid, account uuid, body jsonb, problems jsonb) returns op_result
language plpgsql volatile
as $$
declare
    a applications;
    asked jsonb;
    refused jsonb;
    results jsonb[] := '{}';
begin
    -- In the order of their ids, so that two requests with the same applications wait for each other in turn.
    perform from applications
    where id in (select (m ->> 'id')::uuid from jsonb_array_elements(body -> 'moves') as m) and company_id = company
    order by id for update;
    for asked in select m from jsonb_array_elements(body -> 'moves') with ordinality as e (m, n) order by n loop
        select * into a from applications where id = (asked ->> 'id')::uuid and application_open_to(applications, company);
        if not found then
            results := results || bulk_refusal(asked ->> 'id', problems -> 'not_found', '{}');
            continue;
        end if;
        refused := application_move_refused(a, asked ->> 'status', 'company');
        if refused is not null then
            results := results || bulk_refusal(asked ->> 'id', problems -> 'invalid_transition', refused);
            continue;
        elsif asked ->> 'status' <> a.status or (asked ? 'reason' and asked ->> 'reason' is distinct from a.reason) then
            a := application_move(a, asked ->> 'status', asked ->> 'reason', 'company', account);
        end if;
        results := results || jsonb_build_object('id', a.id, 'status', 200, 'application', jsonb_strip_nulls(jsonb_build_object(
            'status', a.status, 'version', a.version, 'next_update_due', rfc3339(a.next_update_due))));
    end loop;
    return op_ok(200, jsonb_build_object('results', to_jsonb(results))::text);
end
$$;
comment on function applications_bulk(uuid, uuid, jsonb, jsonb) is
    'POST /v1/applications/bulk: each move as if it came alone, in order, all in one transaction: what is refused moves nothing, '
    'what is allowed stands. problems: the problem documents by their codes, in the caller''s language.';

-- ---- side by side ----

create function applications_compare(company uuid, job uuid, ids uuid[]) returns op_result
language plpgsql volatile
as $$
declare
    j jobs;
    listed json;
    candidates uuid[];
    named uuid[];
begin
    select * into j from jobs where id = job and company_id = company;
    if not found then
        return op_problem(404, 'not_found');
    end if;
    select coalesce(json_agg(json_build_object('id', a.id, 'candidate', json_build_object('blind', s -> 'blind',
            'id', s -> 'id', 'given_name', s -> 'given_name', 'family_name', s -> 'family_name', 'headline', s -> 'headline'),
        'status', a.status, 'submitted_at', rfc3339(a.submitted_at),
        'languages', coalesce(s -> 'languages', '[]'), 'tools', coalesce(s -> 'tools', '[]'),
        'soft_skills', coalesce(s -> 'soft_skills', '[]'), 'answers', a.answers, 'tags', application_tags_json(a.id),
        'assignee', application_assignee_json(a), 'rating', application_rating_json(a),
        'criteria', application_ratings_json(a)) order by asked.n), '[]'), array_agg(distinct a.candidate_id),
        array_agg(distinct a.candidate_id) filter (where application_names(a))
    into listed, candidates, named
    from (select id, min(n) as n from unnest(ids) with ordinality as u (id, n) group by id) as asked
    join applications a on a.id = asked.id and a.job_id = job and application_open_to(a, company)
    cross join lateral candidate_shown(a, 'full') as s;
    perform audit_showing('application.compared', 'job', job, company, candidates, coalesce(named, '{}'));
    return op_ok(200, json_compact(json_build_object(
        'job', json_build_object('id', j.id, 'title', j.title, 'languages', j.languages, 'tools', j.tools,
            'soft_skills', j.soft_skills, 'questions', (select coalesce(json_agg(json_build_object('id', q ->> 'id',
                'label', q ->> 'label', 'type', q ->> 'type') order by n), '[]')
                from jsonb_array_elements(j.questions) with ordinality as e (q, n))),
        'criteria', job_criteria(job, company), 'items', listed,
        'missing', (select coalesce(json_agg(wanted), '[]') from (select distinct unnest(ids) as wanted) as u where not exists (
            select from applications a where a.id = wanted and a.job_id = job and application_open_to(a, company))))));
end
$$;
comment on function applications_compare(uuid, uuid, uuid[]) is
    'GET /v1/jobs/{job_id}/applications/comparison: what people compare, in the order they asked for. It ranks nobody.';
