-- Documents go with an application: the candidate names its own, the company sees which they are.

create function application_documents_json(application uuid) returns json
language sql stable
as $$
    select json_agg(document_json(d) order by x.position)
    from application_documents x join documents d on d.id = x.document_id
    where x.application_id = application
$$;
comment on function application_documents_json(uuid) is 'The documents of an application in their order; NULL: none.';

create or replace function application_json(a applications, viewer text) returns json
language plpgsql stable
as $$
declare
    candidate json;
begin
    if viewer = 'company' then
        select candidate_json(d, n.email)::jsonb - array['created_at', 'updated_at', 'version'] into candidate
        from candidates d left join accounts n on n.id = d.account_id where d.id = a.candidate_id;
    end if;
    return json_build_object(
        'id', a.id, 'job', application_job_json(a, viewer), 'candidate', candidate, 'status', a.status,
        'reason', a.reason, 'cover_letter', a.cover_letter, 'answers', a.answers,
        'documents', application_documents_json(a.id), 'consent', a.consent,
        'submitted_at', rfc3339(a.submitted_at), 'updated_at', rfc3339(a.updated_at),
        'next_update_due', rfc3339(a.next_update_due), 'version', a.version);
end
$$;

create function document_violations(candidate uuid, ids jsonb, lang text) returns jsonb
language sql stable
as $$
    select violations(coalesce(jsonb_agg(violation('/document_ids/' || n - 1, 'unknown_document') order by n), '[]'), lang)
    from jsonb_array_elements_text(ids) with ordinality as e (id, n)
    where not exists (select from documents d
        where d.id = e.id::uuid and d.candidate_id = candidate and d.completed_at is not null)
$$;
comment on function document_violations(uuid, jsonb, text) is 'Which of the documents named are not the candidate''s.';

insert into rule_texts (code, en, it) values
    ('unknown_document', 'You have no document with this id.', 'Non hai nessun documento con questo identificativo.');

create or replace function applications_create(job uuid, candidate uuid, account uuid, new_id uuid, body jsonb, lang text)
returns op_result
language plpgsql volatile
as $$
declare
    j record;
    a applications;
    existing uuid;
    documents jsonb := coalesce(body -> 'document_ids', '[]');
    errors jsonb;
begin
    select company_id, questions, response_promise_days, published_at, job_state(status, valid_through) as state
    into j from jobs where id = job;
    if not found or j.published_at is null then
        return op_problem(404, 'not_found');
    end if;
    select id into existing from applications where job_id = job and candidate_id = candidate and status <> 'withdrawn';
    if existing is null then
        if j.state <> 'published' then
            return op_problem(409, 'job_not_open', jsonb_build_object('job_status', j.state));
        end if;
        errors := answer_violations(j.questions, coalesce(body -> 'answers', '[]'), lang)
            || document_violations(candidate, documents, lang);
        if errors <> '[]' then
            return op_invalid(errors);
        end if;
        -- A second click that runs at the same time waits here for the first and then finds it.
        insert into applications (id, job_id, company_id, candidate_id, cover_letter, answers, consent, next_update_due)
        values (new_id, job, j.company_id, candidate, body ->> 'cover_letter', coalesce(body -> 'answers', '[]'),
            '{"talent_pool": false}' || coalesce(body -> 'consent', '{}'), now() + j.response_promise_days * interval '1 day')
        on conflict (job_id, candidate_id) where status <> 'withdrawn' do nothing
        returning * into a;
        if found then
            insert into application_documents (application_id, document_id, position)
            select new_id, e.id::uuid, n from jsonb_array_elements_text(documents) with ordinality as e (id, n);
            insert into application_events (application_id, actor_kind, account_id, type, to_status)
            values (new_id, 'candidate', account, 'submitted', 'submitted');
            return application_result(a, 'candidate', 201, '/v1/applications/' || new_id);
        end if;
        select id into existing from applications
        where job_id = job and candidate_id = candidate and status <> 'withdrawn';
    end if;
    return op_problem(409, 'already_applied', jsonb_build_object('application_id', existing),
        '/v1/applications/' || existing);
end
$$;
