-- Messages between a candidate and the company it applied to. The words are behind the sign-in: e-mail only says that there
-- are some, at most once in a quarter of an hour for an application and a side.

create table application_messages (
    id             uuid primary key,
    application_id uuid not null references applications (id) on delete cascade,
    side           text not null,
    account_id     uuid references accounts (id) on delete set null,
    body           text not null,
    sent_at        timestamptz not null default now(),
    read_at        timestamptz,
    constraint application_messages_side_known check (side in ('company', 'candidate')),
    constraint application_messages_body_length check (length(body) between 1 and 5000)
);
create index application_messages_application on application_messages (application_id, sent_at desc, id desc);
create index application_messages_account on application_messages (account_id) where account_id is not null;
comment on table application_messages is 'What the two sides of an application write to each other: plain text.';
comment on column application_messages.account_id is 'Who wrote it; the candidate does not see which member did.';
comment on column application_messages.read_at is 'When the other side said that it has read it; for a company: any of its people.';

create table application_notices (
    application_id uuid not null references applications (id) on delete cascade,
    side           text not null,
    due_at         timestamptz not null,
    primary key (application_id, side)
);
comment on table application_notices is 'When a side is, or was last, told by e-mail that it has messages.';

create function message_json(m application_messages, viewer text) returns json
language sql stable
as $$
    select json_build_object('id', m.id, 'application_id', m.application_id, 'from', m.side,
        'author', case when viewer = 'company' and m.side = 'company' then
            (select json_build_object('account_id', c.id, 'name', c.name) from accounts c where c.id = m.account_id) end,
        'body', m.body, 'sent_at', rfc3339(m.sent_at), 'read_at', rfc3339(m.read_at))
$$;
comment on function message_json(application_messages, text) is
    'A message as a side sees it. It names no candidate: whose application it is says the application, if it may.';

create function application_seen_by(application uuid, kind text, company uuid, candidate uuid) returns applications
language sql stable
as $$
    select a from applications a
    where a.id = application and case kind when 'company' then application_open_to(a, company)
        when 'candidate' then a.candidate_id = candidate else false end
$$;
comment on function application_seen_by(uuid, text, uuid, uuid) is 'The application, if the caller is of one of its sides; else NULL.';

create function messages_list(kind text, company uuid, candidate uuid, application uuid, after text, page integer) returns list_result
language plpgsql volatile
as $$
declare
    a applications := application_seen_by(application, kind, company, candidate);
    answer list_result;
begin
    if a.id is null then
        return row(404, 'not_found', null, null)::list_result;
    elsif kind = 'company' then
        perform audit_record('application.messages_viewed', 'application', a.id, company, a.candidate_id);
    end if;
    select 200, null, coalesce(string_agg(item, ',' order by n) filter (where n <= page), ''),
        case when count(*) > page then max(keyset_text(sent_at, id)) filter (where n = page) end
    into answer
    from (
        select m.id, m.sent_at, row_number() over (order by m.sent_at desc, m.id desc) as n, json_compact(message_json(m, kind)) as item
        from application_messages m
        where m.application_id = application and (m.sent_at, m.id) < (keyset_at(after), keyset_id(after))
        order by m.sent_at desc, m.id desc
        limit page + 1
    ) as messages;
    return answer;
end
$$;
comment on function messages_list(text, uuid, uuid, uuid, text, integer) is
    'GET /v1/applications/{application_id}/messages, by either side; that a company read them is recorded.';

create function application_people(a applications, side text) returns setof uuid
language sql stable
as $$
    select account_id from candidates where side = 'candidate' and id = a.candidate_id and account_id is not null
    union all
    select account_id from application_helpers(a.company_id, a.assignee_id) where side = 'company'
$$;
comment on function application_people(applications, text) is 'The accounts of a side that are told of an application.';

-- The first message is told at once; the next at the end of a quarter of an hour, unless it has been read by then.
create function message_notice(a applications, to_side text) returns void
language plpgsql volatile
as $$
declare
    due timestamptz := (select due_at from application_notices n where n.application_id = a.id and n.side = to_side);
begin
    -- A company that must not see the application any more must not hear of it either.
    if due > now() or (to_side = 'company' and not application_open_to(a, a.company_id)) then
        return;
    end if;
    due := greatest(now(), coalesce(due, '-infinity') + interval '15 minutes');
    insert into application_notices (application_id, side, due_at) values (a.id, to_side, due)
    on conflict on constraint application_notices_pkey do update set due_at = excluded.due_at;
    insert into outbox (template, account_id, to_address, lang, params, message_key, due_at)
    select 'application_message', n.id, n.email, n.lang,
        jsonb_build_object('application_id', a.id, 'job', j.title, 'company', c.name),
        'application_message:' || a.id || ':' || n.id || ':' || (extract(epoch from due) * 1000000)::bigint, due
    from application_people(a, to_side) as told join accounts n on n.id = told, jobs j join companies c on c.id = j.company_id
    where j.id = a.job_id
    on conflict on constraint outbox_message_key_once do nothing;
end
$$;
comment on function message_notice(applications, text) is 'Tells a side that it has messages, at most every quarter of an hour.';

create function messages_create(kind text, company uuid, candidate uuid, account uuid, new_id uuid, application uuid, body jsonb)
returns op_result
language plpgsql volatile
as $$
declare
    a applications;
    m application_messages;
begin
    perform from applications where id = application for no key update; -- counted and added to by one at a time
    a := application_seen_by(application, kind, company, candidate);
    if a.id is null then
        return op_problem(404, 'not_found');
    elsif a.status = 'withdrawn' then
        return op_problem(409, 'application_over', jsonb_build_object('current', a.status));
    elsif (select count(*) from application_messages where application_id = application) >= 500 then
        return op_problem(409, 'limit_reached', '{"limit": 500}');
    elsif (select count(*) from application_messages where application_id = application and side = kind and read_at is null) >= 20 then
        return op_problem(409, 'limit_reached', '{"limit": 20}');
    end if;
    insert into application_messages (id, application_id, side, account_id, body)
    values (new_id, application, kind, account, messages_create.body ->> 'body') returning * into m;
    perform application_event_add(a, kind, account, 'message_sent', jsonb_build_object('message_id', m.id));
    perform audit_record('application.message_sent', 'application', a.id, a.company_id, a.candidate_id,
        jsonb_build_object('message_id', m.id));
    perform message_notice(a, case kind when 'company' then 'candidate' else 'company' end);
    return op_ok(201, json_compact(message_json(m, kind)));
end
$$;
comment on function messages_create(text, uuid, uuid, uuid, uuid, uuid, jsonb) is
    'POST /v1/applications/{application_id}/messages: at most 500, and 20 that the other side has not read.';

create function messages_read(kind text, company uuid, candidate uuid, application uuid, body jsonb) returns op_result
language plpgsql volatile
as $$
declare
    a applications;
    last application_messages;
    unread bigint;
begin
    perform from applications where id = application for no key update;
    a := application_seen_by(application, kind, company, candidate);
    select * into last from application_messages where id = (messages_read.body ->> 'message_id')::uuid and application_id = a.id;
    if not found then
        return op_problem(404, 'not_found');
    end if;
    update application_messages set read_at = now()
    where application_id = application and side <> kind and read_at is null and (sent_at, id) <= (last.sent_at, last.id);
    select count(*) into unread from application_messages where application_id = application and side <> kind and read_at is null;
    if unread = 0 then
        delete from outbox o using application_people(a, kind) as told
        where o.account_id = told and o.template = 'application_message' and o.state = 'queued'
            and o.params ->> 'application_id' = a.id::text;
    end if;
    return op_ok(200, json_compact(json_build_object('application_id', a.id, 'unread', unread)));
end
$$;
comment on function messages_read(text, uuid, uuid, uuid, jsonb) is
    'POST /v1/applications/{application_id}/messages/read: what the other side wrote up to a message has been read.';
