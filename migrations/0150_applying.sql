-- Applying: under which processing notice, to which version of the vacancy, how many times, with a consent to the talent
-- pool that ends by itself; a message to the candidate; files that come in the same call.

-- --- What a candidate is told about its data -----------------------------------------------------------------------------

create table processing_notices (
    version      text primary key,
    published_at timestamptz not null default now(),
    title_en     text not null,
    title_it     text not null,
    text_en      text not null,
    text_it      text not null,
    constraint processing_notices_version_form check (version ~ '^[a-z0-9][a-z0-9.-]{0,39}$' and version <> 'current'),
    constraint processing_notices_length check (length(title_en) between 1 and 200 and length(title_it) between 1 and 200
        and length(text_en) between 1 and 20000 and length(text_it) between 1 and 20000)
);
create unique index processing_notices_newest on processing_notices (published_at desc);
comment on table processing_notices is
    'What candidates are told about the processing of their applications (GDPR, art. 13). Versions are added, never changed: '
    'each application names the one that it was sent under.';

create function processing_notices_fixed() returns trigger
language plpgsql
as $$
begin
    raise exception using errcode = 'check_violation', constraint = 'processing_notices_fixed',
        message = 'a processing notice is not changed: add a version';
end
$$;
create trigger processing_notices_fixed before update or delete or truncate on processing_notices for each statement
    execute function processing_notices_fixed();
comment on function processing_notices_fixed() is 'A version stays as it was shown.';

create function processing_notice_json(n processing_notices) returns json
language sql stable
as $$
    select json_build_object('version', n.version, 'published_at', rfc3339(n.published_at),
        'title', json_build_object('en', n.title_en, 'it', n.title_it),
        'text', json_build_object('en', n.text_en, 'it', n.text_it))
$$;
comment on function processing_notice_json(processing_notices) is 'A version of the notice, in both languages.';

insert into processing_notices (version, title_en, title_it, text_en, text_it) values ('2026-11',
'How the data of your application is processed', 'Come sono trattati i dati della tua candidatura',
'Who is responsible. The company that published the vacancy decides on your application and is the controller of the data in it. The operator of this site stores and transmits it for the company, as its processor; for your account and your profile the operator itself is the controller.

What is processed, and why. Your profile, your letter, your answers and the documents you attach are processed to decide on this application: steps taken at your request before entering into a contract (Regulation (EU) 2016/679, art. 6(1)(b)). No consent is needed for that. Do not send data that the vacancy does not ask for, above all none on health, opinions, family or trade union membership.

Who sees it. The members of the company that published the vacancy, from the moment you apply; nobody else. Every time they look at it, this is recorded, and you can read that record. Documents are stored encrypted.

How long. Until the selection is over, and then as long as the company may need it to answer for its choice; the company states its period, and the site has a longest one. You can withdraw the application and delete your documents at any time.

Talent pool. Only if you agree, separately, the company may keep the application for later vacancies. That consent ends by itself on the day shown with it; you can withdraw it at any time without giving a reason, and it has no effect on this application.

Your rights. Access, rectification, erasure, restriction, portability, objection, and a complaint to the supervisory authority, in Italy the Garante per la protezione dei dati personali. You can export and delete all your data yourself. No decision is made by automated means alone.',
'Chi è responsabile. L''azienda che ha pubblicato l''annuncio decide sulla tua candidatura ed è titolare del trattamento dei dati che contiene. Chi gestisce questo sito li conserva e li trasmette per conto dell''azienda, come responsabile del trattamento; per il tuo account e il tuo profilo il titolare è chi gestisce il sito.

Che cosa è trattato, e perché. Il profilo, la lettera, le risposte e i documenti che alleghi sono trattati per decidere su questa candidatura: misure precontrattuali adottate su tua richiesta (regolamento (UE) 2016/679, art. 6, par. 1, lett. b). Per questo non serve il consenso. Non inviare dati che l''annuncio non chiede, soprattutto su salute, opinioni, famiglia o appartenenza sindacale.

Chi li vede. I membri dell''azienda che ha pubblicato l''annuncio, dal momento in cui ti candidi; nessun altro. Ogni loro consultazione è registrata, e puoi leggere quel registro. I documenti sono conservati cifrati.

Per quanto tempo. Fino alla fine della selezione, e poi finché l''azienda può doverne rispondere; l''azienda indica il suo termine, e il sito ne ha uno massimo. Puoi ritirare la candidatura e cancellare i tuoi documenti in ogni momento.

Conservazione per altri annunci. Solo se acconsenti, separatamente, l''azienda può conservare la candidatura per annunci futuri. Quel consenso finisce da sé nel giorno indicato; puoi revocarlo in ogni momento senza dare un motivo, e non ha effetto su questa candidatura.

I tuoi diritti. Accesso, rettifica, cancellazione, limitazione, portabilità, opposizione e reclamo all''autorità di controllo, in Italia il Garante per la protezione dei dati personali. Puoi esportare e cancellare da te tutti i tuoi dati. Nessuna decisione è presa solo con mezzi automatizzati.');

-- --- The vacancy as it was ------------------------------------------------------------------------------------------------

create table job_versions (
    job_id   uuid not null references jobs (id),
    etag     text not null,
    kept_at  timestamptz not null default now(),
    document text not null,
    primary key (job_id, etag)
) with (toast_tuple_target = 8160);
alter table job_versions alter column document set storage external;
comment on table job_versions is
    'Vacancies as they were when somebody applied: one row for each text that applications were sent to, not for each of them.';
comment on column job_versions.etag is 'The public document''s entity tag: it tells the texts apart.';

alter table applications
    add column job_etag text,
    add column processing_notice text references processing_notices (version),
    add column attempt smallint,
    add constraint applications_job_version foreign key (job_id, job_etag) references job_versions (job_id, etag),
    add constraint applications_attempt_range check (attempt between 1 and 3);
update applications a set attempt = n.attempt
from (select id, row_number() over (partition by job_id, candidate_id order by submitted_at, id) as attempt
    from applications) n
where n.id = a.id and n.attempt <= 3;
create unique index applications_attempt_once on applications (job_id, candidate_id, attempt);
comment on column applications.job_etag is
    'The vacancy as it was when it was sent (job_versions); NULL: sent before that was kept.';
comment on column applications.processing_notice is
    'The notice it was sent under; NULL: sent before that was recorded.';
comment on column applications.attempt is
    'Which of the candidate''s applications to the vacancy it is. Three are allowed, the earlier ones withdrawn; NULL: one too '
    'many from before that limit.';

-- --- Consent to the talent pool ------------------------------------------------------------------------------------------

comment on column applications.consent is
    'What the candidate agreed to beyond the vacancy: talent_pool (given and not withdrawn), given_at, until, withdrawn_at, notice.';
update applications set consent = jsonb_build_object('talent_pool', true, 'given_at', rfc3339(submitted_at),
    'until', rfc3339(submitted_at + interval '12 months'))
where consent -> 'talent_pool' = 'true';

-- In PL/pgSQL, whose plans are kept: applying calls what follows each time.
create function application_talent_pool_until(a applications) returns timestamptz
language plpgsql stable
as $$
begin
    return case when a.consent -> 'talent_pool' = 'true' and (a.consent ->> 'until')::timestamptz > now()
        then (a.consent ->> 'until')::timestamptz end;
end
$$;
comment on function application_talent_pool_until(applications) is
    'Until when the company may keep the application for other vacancies; NULL: it may not.';

create function application_consent_json(a applications) returns json
language plpgsql stable
as $$
begin
    return json_build_object('talent_pool', application_talent_pool_until(a) is not null,
        'talent_pool_given_at', a.consent -> 'given_at', 'talent_pool_until', a.consent -> 'until',
        'talent_pool_withdrawn_at', a.consent -> 'withdrawn_at');
end
$$;
comment on function application_consent_json(applications) is
    'The consent as it is today: one that has ended or was withdrawn is shown as not given any more.';

create function talent_pool_consent(months integer, notice text) returns jsonb
language sql stable
as $$
    select jsonb_build_object('talent_pool', true, 'given_at', rfc3339(now()),
        'until', rfc3339(now() + coalesce(months, 12) * interval '1 month'), 'notice', notice)
$$;
comment on function talent_pool_consent(integer, text) is 'A consent that begins now, for a year unless months says otherwise.';

create function processing_notice_current() returns text
language plpgsql stable
as $$
begin
    return (select version from processing_notices order by published_at desc limit 1);
end
$$;
comment on function processing_notice_current() is 'The version that applications are sent under from now on.';

create function applications_talent_pool(application uuid, candidate uuid, body jsonb, if_match text[]) returns op_result
language plpgsql volatile
as $$
declare
    a applications;
    given boolean := (body -> 'talent_pool')::boolean;
    answer text;
begin
    select * into a from applications where id = application and candidate_id = candidate for update;
    if not found then
        return op_problem(404, 'not_found');
    elsif not etag_matches(if_match, etag_of(json_compact(application_consent_json(a)))) then
        return op_problem(412, 'precondition_failed');
    end if;
    if given then
        update applications set version = version + 1,
            consent = talent_pool_consent((body ->> 'talent_pool_months')::integer, processing_notice_current())
        where id = application returning * into a;
        perform audit_record('application.consent_given', 'application', a.id, a.company_id, candidate,
            jsonb_build_object('until', a.consent -> 'until'));
    elsif a.consent -> 'talent_pool' = 'true' then
        update applications set version = version + 1,
            consent = consent || jsonb_build_object('talent_pool', false, 'withdrawn_at', rfc3339(now()))
        where id = application returning * into a;
        perform audit_record('application.consent_withdrawn', 'application', a.id, a.company_id, candidate);
    end if;
    answer := json_compact(application_consent_json(a));
    return op_ok(200, answer, etag_of(answer));
end
$$;
comment on function applications_talent_pool(uuid, uuid, jsonb, text[]) is
    'Gives, renews or withdraws the consent to keep an application for other vacancies. Withdrawing twice changes nothing.';

-- --- Applying -------------------------------------------------------------------------------------------------------------

-- A notification is delivered by one commit at a time, and that commit waits for the disk: applications would queue up behind
-- one another. The courier looks for messages every five seconds, which is soon enough for these.
drop trigger outbox_notify on outbox;
create trigger outbox_notify after insert on outbox for each row when (new.template <> 'application_received')
    execute function mail_notify();

create function application_received_mail(application uuid, account uuid, title text, company text, promise integer)
returns void
language plpgsql volatile
as $$
declare
    most integer;
begin
    select case when email_verified_at is null then 5 else 50 end into most from accounts where id = account;
    if (select count(*) from (select from outbox where account_id = account and template = 'application_received'
            and created_at > now() - interval '1 day' limit most) as sent) < most then
        insert into outbox (template, account_id, to_address, lang, params, message_key)
        select 'application_received', a.id, a.email, a.lang, jsonb_build_object('title', title, 'company', company,
            'application', application, 'days', promise::text, 'at', rfc3339(now())), 'application_received:' || application
        from accounts a where a.id = account;
    end if;
end
$$;
comment on function application_received_mail(uuid, uuid, text, text, integer) is
    'Tells the candidate that the application was sent. At most 50 a day, and 5 to an address that was never verified: it may '
    'be somebody else''s.';

create function document_uploads_whole(uploads jsonb, candidate uuid) returns boolean
language plpgsql volatile
as $$
declare
    u record;
begin
    for u in select id, chunks from jsonb_to_recordset(uploads) as x (id uuid, chunks integer) loop
        perform from documents d where d.id = u.id and d.candidate_id = candidate and d.completed_at is null for update;
        if not found or (select count(*) from document_chunks c where c.document_id = u.id) <> u.chunks then
            return false;
        end if;
    end loop;
    return true;
end
$$;
comment on function document_uploads_whole(jsonb, uuid) is
    'Whether uploads ({id, chunks} each) are the candidate''s and all of their chunks are there; locks them.';

create function document_uploads_finish(uploads jsonb, candidate uuid) returns void
language plpgsql volatile
as $$
begin
    update documents d set media_type = u.media_type, size = u.size, sha256 = decode(u.sha256, 'hex'), completed_at = now()
    from jsonb_to_recordset(uploads) as u (id uuid, media_type text, size bigint, sha256 text)
    where d.id = u.id and d.candidate_id = candidate and d.completed_at is null;
    perform audit_record('document.uploaded', 'document', u.id, null, candidate)
    from jsonb_to_recordset(uploads) as u (id uuid);
end
$$;
comment on function document_uploads_finish(jsonb, uuid) is 'Makes documents of uploads that are whole.';

drop function applications_create_open(uuid, uuid, uuid, uuid, jsonb, text);
drop function applications_create(uuid, uuid, uuid, uuid, jsonb, text);
create function applications_create(job uuid, candidate uuid, account uuid, new_id uuid, body jsonb, uploads jsonb, lang text)
returns op_result
language plpgsql volatile
as $$
declare
    j record;
    a applications;
    existing uuid;
    attempts integer;
    taken smallint[];
    notice text;
    documents jsonb := coalesce(body -> 'document_ids', '[]');
    errors jsonb;
begin
    -- Both are locked, the vacancy first as its own changes do: an application takes turns with a closing, which answers all
    -- that are there, and with a suspension.
    select v.company_id, v.title, v.questions, v.response_promise_days, v.published_at, d.etag, d.document,
        job_state(v.status, v.valid_through) as state, c.suspended_at is null as open, c.name as company
    into j
    from jobs v join companies c on c.id = v.company_id join job_documents d on d.job_id = v.id
    where v.id = job for share of v, c;
    if not found or j.published_at is null then
        return op_problem(404, 'not_found');
    end if;
    select count(*), coalesce(array_agg(attempt), '{}'), (array_agg(id) filter (where status <> 'withdrawn'))[1]
    into attempts, taken, existing
    from applications where job_id = job and candidate_id = candidate;
    if existing is null then
        if not j.open then
            return op_problem(404, 'not_found');
        elsif j.state <> 'published' then
            return op_problem(409, 'job_not_open', jsonb_build_object('job_status', j.state));
        elsif candidate_restricted(candidate) then
            return op_problem(409, 'account_restricted');
        elsif attempts >= 3 then
            return op_problem(409, 'application_limit');
        elsif shield_hides(candidate, j.company_id) then
            return op_problem(409, 'company_shielded');
        elsif uploads <> '[]' and not document_uploads_whole(uploads, candidate) then
            return op_problem(503, 'unavailable'); -- PostgreSQL went down meanwhile: see documents_begin
        end if;
        notice := processing_notice_current();
        errors := answer_violations(j.questions, coalesce(body -> 'answers', '[]'), lang);
        if documents <> '[]' then
            errors := errors || document_violations(candidate, documents, lang);
        end if;
        if body ->> 'processing_notice' <> notice then
            errors := errors || violations(jsonb_build_array(violation('/processing_notice', 'notice_outdated')), lang);
        end if;
        if errors <> '[]' then
            return op_invalid(errors);
        end if;
        if not exists (select from job_versions k where k.job_id = job and k.etag = j.etag) then
            insert into job_versions (job_id, etag, document) values (job, j.etag, j.document) on conflict do nothing;
        end if;
        -- A second click that runs at the same time waits here for the first and then finds it.
        insert into applications (id, job_id, company_id, candidate_id, cover_letter, answers, consent, next_update_due,
            job_etag, processing_notice, attempt)
        values (new_id, job, j.company_id, candidate, body ->> 'cover_letter', coalesce(body -> 'answers', '[]'),
            case when body #> '{consent,talent_pool}' = 'true'
                then talent_pool_consent((body #>> '{consent,talent_pool_months}')::integer, notice)
                else '{"talent_pool": false}' end,
            now() + j.response_promise_days * interval '1 day', j.etag, notice,
            -- An earlier one that became nobody's does not count any more, and those after it keep their numbers.
            case when 1 <> all (taken) then 1 when 2 <> all (taken) then 2 else 3 end)
        on conflict do nothing
        returning * into a;
        if found then
            if documents <> '[]' then
                insert into application_documents (application_id, document_id, position)
                select new_id, x.id::uuid, x.n from jsonb_array_elements_text(documents) with ordinality as x (id, n);
            end if;
            if uploads <> '[]' then
                perform document_uploads_finish(uploads, candidate);
                insert into application_documents (application_id, document_id, position)
                select new_id, (x.u ->> 'id')::uuid, jsonb_array_length(documents) + x.n
                from jsonb_array_elements(uploads) with ordinality as x (u, n);
            end if;
            insert into application_events (application_id, actor_kind, account_id, type, to_status)
            values (new_id, 'candidate', account, 'submitted', 'submitted');
            perform application_received_mail(new_id, account, j.title, j.company, j.response_promise_days);
            return application_result(a, 'candidate', 201, '/v1/applications/' || new_id);
        end if;
        select id into existing from applications
        where job_id = job and candidate_id = candidate and status <> 'withdrawn';
    end if;
    return op_problem(409, 'already_applied', jsonb_build_object('application_id', existing),
        '/v1/applications/' || existing);
end
$$;
comment on function applications_create(uuid, uuid, uuid, uuid, jsonb, jsonb, text) is
    'POST /v1/jobs/{job_id}/applications: one that is not withdrawn for each candidate and open vacancy, with answers that fit '
    'its questions. uploads: files that came with it ({id, chunks, media_type, size, sha256}), which become documents if and '
    'only if the application is taken.';

insert into rule_texts (code, en, it) values
    ('notice_outdated', 'There is a newer processing notice: read it and name it.',
        'C''è una nuova informativa: leggila e indicala.');
insert into constraint_rules (constraint_name, pointer, code) values
    ('applications_attempt_once', '', 'already_applied');

create or replace function application_documents_json(application uuid) returns json
language plpgsql stable
as $$
begin
    return (select json_agg(document_json(d) order by x.position)
        from application_documents x join documents d on d.id = x.document_id
        where x.application_id = application);
end
$$;

-- The beginning and the chunks of an upload need not be on disk before its end is: the log is written in order.
create or replace function documents_begin(candidate uuid, new_id uuid, name text, sealed_key bytea) returns op_result
language plpgsql volatile
as $$
declare
    used smallint[];
    free smallint;
begin
    perform set_config('synchronous_commit', 'off', true);
    perform from candidates where id = candidate for update; -- uploads of one person take their places one after the other
    if not found then
        return op_problem(404, 'not_found');
    end if;
    used := array(select slot from documents d where d.candidate_id = candidate);
    for s in 1..20 loop
        if s <> all (used) then
            free := s;
            exit;
        end if;
    end loop;
    if free is null then
        return op_problem(409, 'too_many_documents');
    end if;
    insert into documents (id, candidate_id, slot, name, sealed_key)
    values (new_id, candidate, free, documents_begin.name, documents_begin.sealed_key);
    return op_ok(200);
end
$$;
