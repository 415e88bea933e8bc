-- Interviews: a company proposes up to five times, the candidate takes one or none, either side can call it off. Each step that
-- makes or ends an appointment goes out as an iCalendar object, too (RFC 5545, RFC 5546).

create table application_interviews (
    id             uuid primary key,
    application_id uuid not null references applications (id) on delete cascade,
    account_id     uuid references accounts (id) on delete set null,
    status         text not null default 'proposed',
    slots          jsonb not null,
    slot           integer,
    place          text,
    video_url      text,
    message        text,
    time_zone      text not null,
    reason         text,
    sequence       integer not null default 0,
    created_at     timestamptz not null default now(),
    updated_at     timestamptz not null default now(),
    version        integer not null default 1,
    constraint application_interviews_status_known check (status in ('proposed', 'accepted', 'declined', 'cancelled')),
    constraint application_interviews_slots_few check (jsonb_typeof(slots) = 'array' and jsonb_array_length(slots) between 1 and 5),
    constraint application_interviews_slot_there check (slot between 0 and jsonb_array_length(slots) - 1),
    constraint application_interviews_accepted check (status <> 'accepted' or slot is not null)
);
create index application_interviews_application on application_interviews (application_id, created_at desc, id desc);
create index application_interviews_account on application_interviews (account_id) where account_id is not null;
comment on table application_interviews is 'Interviews that a company proposed, and what became of them.';
comment on column application_interviews.slots is '[{starts_at, ends_at}], UTC, as the API writes times.';
comment on column application_interviews.slot is 'The one that was accepted, counted from 0; it stays when the interview is called off.';
comment on column application_interviews.time_zone is 'In which people read the times (IANA); calendars are told UTC.';
comment on column application_interviews.sequence is 'SEQUENCE of the calendar object: goes up with every step.';

create function time_zone_known(zone text) returns boolean
language plpgsql stable
as $$
begin
    return zone ~ '^(UTC|[A-Z][A-Za-z_]+(/[A-Za-z0-9_+-]+)+)$' and now() at time zone zone is not null;
exception when invalid_parameter_value then
    return false;
end
$$;
comment on function time_zone_known(text) is 'Whether it is the name of an IANA time zone, such as Europe/Rome.';

create function interview_slot_text(slot jsonb, zone text) returns text
language sql stable
as $$
    select to_char((slot ->> 'starts_at')::timestamptz at time zone zone, 'YYYY-MM-DD HH24:MI') || '–'
        || to_char((slot ->> 'ends_at')::timestamptz at time zone zone, 'HH24:MI') || ' (' || zone || ')'
$$;
comment on function interview_slot_text(jsonb, text) is 'A slot as people read it, in the interview''s time zone.';

create function interview_json(i application_interviews, viewer text) returns json
language sql stable
as $$
    select json_build_object('id', i.id, 'application_id', i.application_id, 'status', i.status,
        'proposed_by', case when viewer = 'company' then
            (select json_build_object('account_id', c.id, 'name', c.name) from accounts c where c.id = i.account_id) end,
        'slots', i.slots, 'slot', i.slot, 'place', i.place, 'video_url', i.video_url, 'message', i.message,
        'time_zone', i.time_zone, 'reason', i.reason, 'created_at', rfc3339(i.created_at), 'updated_at', rfc3339(i.updated_at),
        'version', i.version)
$$;
comment on function interview_json(application_interviews, text) is 'An interview as a side sees it.';

-- One event for the appointment, or one for each time that is still open. Names vacancy and company, never a person.
create function interview_calendar(i application_interviews, method text) returns jsonb
language sql stable
as $$
    select jsonb_strip_nulls(jsonb_build_object('uid', i.id, 'method', method, 'sequence', i.sequence, 'stamp', rfc3339(i.updated_at),
        'status', case i.status when 'accepted' then 'CONFIRMED' when 'proposed' then 'TENTATIVE' else 'CANCELLED' end,
        'summary', j.title || ' – ' || c.name, 'organizer', c.name, 'location', coalesce(i.place, i.video_url), 'url', i.video_url,
        'events', case when i.slot is null then i.slots else jsonb_build_array(i.slots -> i.slot) end))
    from applications a join jobs j on j.id = a.job_id join companies c on c.id = a.company_id
    where a.id = i.application_id
$$;
comment on function interview_calendar(application_interviews, text) is
    'What src/mail/calendar.c writes as iCalendar. METHOD NULL: a calendar to look at, not a message of it.';

create function interview_tell(i application_interviews, a applications, to_side text, template text, method text) returns void
language plpgsql volatile
as $$
begin
    if to_side = 'company' and not application_open_to(a, a.company_id)
            or to_side = 'candidate' and candidate_restricted(a.candidate_id) then
        return;
    end if;
    insert into outbox (template, account_id, to_address, lang, params, message_key)
    select interview_tell.template, n.id, n.email, n.lang, jsonb_strip_nulls(jsonb_build_object('application_id', a.id, 'job', j.title,
            'company', c.name, 'place', i.place, 'video_url', i.video_url,
            'calendar', case when method is not null then interview_calendar(i, method) end))
            || (select jsonb_object_agg('slot_' || k, interview_slot_text(s, i.time_zone))
                from jsonb_array_elements(case when i.slot is null then i.slots else jsonb_build_array(i.slots -> i.slot) end)
                    with ordinality as e (s, k)),
        'interview:' || i.id || ':' || i.version || ':' || n.id
    from application_people(a, to_side) as told join accounts n on n.id = told, jobs j join companies c on c.id = j.company_id
    where j.id = a.job_id
    on conflict on constraint outbox_message_key_once do nothing;
end
$$;
comment on function interview_tell(application_interviews, applications, text, text, text) is
    'Mails a side what became of an interview; method (REQUEST, CANCEL): with the calendar object. Not a company that must not '
    'see the application any more, nor who has restricted it.';

create function interviews_list(kind text, company uuid, candidate uuid, application uuid, after text, page integer) returns list_result
language plpgsql volatile
as $$
declare
    a applications := application_seen_by(application, kind, company, candidate);
    answer list_result;
begin
    if a.id is null then
        return row(404, 'not_found', null, null)::list_result;
    end if;
    select 200, null, coalesce(string_agg(item, ',' order by n) filter (where n <= page), ''),
        case when count(*) > page then max(keyset_text(created_at, id)) filter (where n = page) end
    into answer
    from (
        select i.id, i.created_at, row_number() over (order by i.created_at desc, i.id desc) as n,
            json_compact(interview_json(i, kind)) as item
        from application_interviews i
        where i.application_id = application and (i.created_at, i.id) < (keyset_at(after), keyset_id(after))
        order by i.created_at desc, i.id desc
        limit page + 1
    ) as interviews;
    return answer;
end
$$;
comment on function interviews_list(text, uuid, uuid, uuid, text, integer) is 'GET /v1/applications/{application_id}/interviews.';

create type interview_result as (
    status       integer,
    code         text,
    body         text,
    etag         text,
    out_calendar text
);
comment on type interview_result is 'An interview as JSON, and what its calendar object is written from.';

create function interviews_get(kind text, company uuid, candidate uuid, application uuid, interview uuid) returns interview_result
language plpgsql stable
as $$
declare
    a applications := application_seen_by(application, kind, company, candidate);
    i application_interviews;
    document text;
begin
    select * into i from application_interviews where id = interview and application_id = a.id;
    if not found then
        return row(404, 'not_found', null, null, null)::interview_result;
    end if;
    document := json_compact(interview_json(i, kind));
    return row(200, null, document, etag_of(document), interview_calendar(i, null)::text)::interview_result;
end
$$;
comment on function interviews_get(text, uuid, uuid, uuid, uuid) is 'GET /v1/applications/{application_id}/interviews/{interview_id}.';

create function slot_problem(slot jsonb) returns text
language plpgsql stable
as $$
declare
    starts timestamptz := slot ->> 'starts_at';
    ends timestamptz := slot ->> 'ends_at';
begin
    return case when ends <= starts then 'slot_backwards' when ends - starts > interval '12 hours' then 'slot_long'
        when starts <= now() then 'slot_over' when starts > now() + interval '1 year' then 'slot_far' end;
exception when data_exception then
    return 'slot_far';
end
$$;

create function interviews_create(company uuid, account uuid, new_id uuid, application uuid, body jsonb, lang text) returns op_result
language plpgsql volatile
as $$
declare
    a applications;
    i application_interviews;
    broken jsonb;
    document text;
begin
    select * into a from applications where id = application and application_open_to(applications, company) for no key update;
    if not found then
        return op_problem(404, 'not_found');
    elsif a.status not in ('submitted', 'in_review', 'shortlisted', 'interview', 'offer') then
        return op_problem(409, 'application_over', jsonb_build_object('current', a.status));
    elsif (select count(*) from application_interviews where application_id = application) >= 20 then
        return op_problem(409, 'limit_reached', '{"limit": 20}');
    end if;
    select coalesce(jsonb_agg(violation('/slots/' || n - 1, slot_problem(s)) order by n), '[]') into broken
    from jsonb_array_elements(body -> 'slots') with ordinality as e (s, n) where slot_problem(s) is not null;
    if not time_zone_known(coalesce(body ->> 'time_zone', 'UTC')) then
        broken := broken || violation('/time_zone', 'unknown_time_zone');
    end if;
    if broken <> '[]' then
        return op_invalid(violations(broken, lang));
    end if;
    insert into application_interviews (id, application_id, account_id, slots, place, video_url, message, time_zone)
    values (new_id, application, account,
        (select jsonb_agg(jsonb_build_object('starts_at', rfc3339((s ->> 'starts_at')::timestamptz),
            'ends_at', rfc3339((s ->> 'ends_at')::timestamptz)) order by n)
            from jsonb_array_elements(body -> 'slots') with ordinality as e (s, n)),
        body ->> 'place', body ->> 'video_url', body ->> 'message', coalesce(body ->> 'time_zone', 'UTC'))
    returning * into i;
    perform application_event_add(a, 'company', account, 'interview_proposed', jsonb_build_object('interview_id', i.id));
    perform audit_record('application.interview_proposed', 'application', a.id, company, a.candidate_id,
        jsonb_build_object('interview_id', i.id));
    -- Several times are no appointment yet: a calendar could not say "one of these".
    perform interview_tell(i, a, 'candidate', 'interview_proposed', case when jsonb_array_length(i.slots) = 1 then 'REQUEST' end);
    document := json_compact(interview_json(i, 'company'));
    return op_ok(201, document, etag_of(document), '/v1/applications/' || application || '/interviews/' || i.id);
end
$$;
comment on function interviews_create(uuid, uuid, uuid, uuid, jsonb, text) is
    'POST /v1/applications/{application_id}/interviews: at most 20, while the application is open. It moves nothing.';

create function interviews_patch(kind text, company uuid, candidate uuid, account uuid, application uuid, interview uuid, body jsonb,
                                 if_match text[], lang text) returns op_result
language plpgsql volatile
as $$
declare
    a applications;
    i application_interviews;
    before text;
    asked constant text := body ->> 'status';
    allowed jsonb;
    had_calendar boolean;
    document text;
begin
    perform from applications where id = application for no key update;
    a := application_seen_by(application, kind, company, candidate);
    select * into i from application_interviews where id = interview and application_id = a.id for update;
    if not found then
        return op_problem(404, 'not_found');
    elsif not etag_matches(if_match, etag_of(json_compact(interview_json(i, kind)))) then
        return op_problem(412, 'precondition_failed');
    end if;
    before := i.status;
    allowed := case
        when kind = 'company' and before in ('proposed', 'accepted') then '["cancelled"]'
        when kind = 'candidate' and before = 'proposed' then '["accepted", "declined"]'
        when kind = 'candidate' and before = 'accepted' then '["declined"]' else '[]' end;
    if asked = before and not (asked = 'accepted' and (body -> 'slot')::integer is distinct from i.slot) then
        document := json_compact(interview_json(i, kind));
        return op_ok(200, document, etag_of(document));
    elsif not allowed ? asked then
        return op_problem(409, 'invalid_transition', jsonb_build_object('current', before, 'requested', asked, 'allowed', allowed));
    elsif asked = 'accepted' and (i.slots -> (body -> 'slot')::integer) is null then
        return op_invalid(violations(jsonb_build_array(violation('/slot', 'unknown_slot')), lang));
    elsif asked = 'accepted' and (i.slots -> (body -> 'slot')::integer ->> 'starts_at')::timestamptz <= now() then
        return op_invalid(violations(jsonb_build_array(violation('/slot', 'slot_over')), lang));
    end if;
    had_calendar := before = 'accepted' or jsonb_array_length(i.slots) = 1;
    update application_interviews set status = asked, slot = case when asked = 'accepted' then (body -> 'slot')::integer else slot end,
        reason = body ->> 'reason', sequence = sequence + 1, updated_at = now(), version = version + 1
    where id = interview returning * into i;
    perform application_event_add(a, kind, account, 'interview_' || asked, jsonb_build_object('interview_id', i.id));
    perform audit_record('application.interview_' || asked, 'application', a.id, a.company_id, a.candidate_id,
        jsonb_build_object('interview_id', i.id));
    perform interview_tell(i, a, 'candidate', 'interview_' || asked,
        case when asked = 'accepted' then 'REQUEST' when had_calendar then 'CANCEL' end);
    perform interview_tell(i, a, 'company', 'interview_' || asked,
        case when asked = 'accepted' then 'REQUEST' when before = 'accepted' then 'CANCEL' end);
    document := json_compact(interview_json(i, kind));
    return op_ok(200, document, etag_of(document));
end
$$;
comment on function interviews_patch(text, uuid, uuid, uuid, uuid, uuid, jsonb, text[], text) is
    'The candidate accepts one of the times or declines, the company cancels. Both sides are told.';

insert into rule_texts (code, en, it) values
    ('slot_backwards', 'It ends before it begins.', 'Finisce prima di cominciare.'),
    ('slot_long', 'An interview lasts twelve hours at most.', 'Un colloquio dura al massimo dodici ore.'),
    ('slot_over', 'This time has passed.', 'Questo orario è già passato.'),
    ('slot_far', 'This is more than a year away.', 'Manca più di un anno.'),
    ('unknown_slot', 'There is no such time: they are counted from 0.', 'Non c''è un orario con questo numero: si contano da 0.'),
    ('unknown_time_zone', 'This is not the name of a time zone, such as Europe/Rome.',
        'Non è il nome di un fuso orario, come Europe/Rome.');
