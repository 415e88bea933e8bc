-- Restriction of processing (GDPR, art. 18): a candidate's data is kept and not used. Companies see of its applications that
-- they are restricted, and nothing else; it is in no search; it gets no mail but what its account needs; nothing of it is
-- removed because its time is over.

alter table candidates
    add column restricted_at timestamptz,
    add column restriction_ground text,
    add constraint candidates_restriction_whole check ((restricted_at is null) = (restriction_ground is null)),
    add constraint candidates_restriction_ground_known check (restriction_ground in ('accuracy', 'unlawful', 'claims', 'objection'));
comment on column candidates.restricted_at is 'Since when its data is kept and not used; NULL: it is used.';
comment on column candidates.restriction_ground is 'Which of the four cases of art. 18(1) the candidate names.';

create function candidate_restricted(candidate uuid) returns boolean
language plpgsql stable
as $$
begin
    return exists (select from candidates d where d.id = candidate and d.restricted_at is not null);
end
$$;
comment on function candidate_restricted(uuid) is 'Whether a candidate has restricted the processing of its data.';

create index candidates_restricted on candidates (id) where restricted_at is not null;

create function applications_restricted(company uuid) returns uuid[]
language sql stable
as $$
    select coalesce(array_agg(a.id), '{}') from candidates d join applications a on a.candidate_id = d.id
    where d.restricted_at is not null and a.company_id = company
$$;
comment on function applications_restricted(uuid) is 'The applications to a company whose candidates have restricted them: few.';

create function restriction_document(candidate uuid) returns text
language sql stable
as $$
    select json_compact(json_build_object('restricted', d.restricted_at is not null, 'ground', d.restriction_ground,
        'since', rfc3339(d.restricted_at)))
    from candidates d where d.id = candidate
$$;
comment on function restriction_document(uuid) is 'GET /v1/me/restriction.';

create function restriction_put(candidate uuid, body jsonb, if_match text[]) returns op_result
language plpgsql volatile
as $$
declare
    d candidates;
    document text;
begin
    select * into d from candidates where id = candidate for update;
    if not found then
        return op_problem(404, 'not_found');
    elsif not etag_matches(if_match, etag_of(restriction_document(candidate))) then
        return op_problem(412, 'precondition_failed');
    end if;
    if d.restricted_at is null then
        perform audit_record('account.restricted', 'account', d.account_id, null, candidate,
            jsonb_build_object('ground', body -> 'ground'));
    end if;
    update candidates set restricted_at = coalesce(restricted_at, now()), restriction_ground = body ->> 'ground' where id = candidate;
    perform applications_forget_answers(array_agg(a.id), candidate, array_agg(distinct a.company_id))
    from applications a where a.candidate_id = candidate;
    -- What waits to be said is not said.
    delete from outbox o where o.account_id = d.account_id and o.state = 'queued' and not mail_necessary(o.template);
    document := restriction_document(candidate);
    return op_ok(200, document, etag_of(document));
end
$$;
comment on function restriction_put(uuid, jsonb, text[]) is 'Restricts, or names another ground.';

create function restriction_delete(candidate uuid) returns op_result
language plpgsql volatile
as $$
begin
    update candidates set restricted_at = null, restriction_ground = null where id = candidate and restricted_at is not null;
    if found then
        perform audit_record('account.unrestricted', 'account', (select account_id from candidates where id = candidate), null, candidate);
    end if;
    return op_ok(204);
end
$$;
comment on function restriction_delete(uuid) is 'Everything is as it was before.';

-- ---- mail ----

create function mail_necessary(template text) returns boolean
language sql immutable
as $$
    select template in ('verify_email', 'password_reset', 'password_changed', 'email_change_confirm', 'email_change_requested',
        'email_changed', 'email_taken', 'new_sign_in', 'token_created', 'totp_enabled', 'totp_disabled', 'recovery_code_used',
        'export_ready', 'application_anonymised')
$$;
comment on function mail_necessary(text) is
    'What somebody is told who has restricted the processing of its data: what its account and its rights need, nothing else.';

create or replace function mail_enqueue(template text, account uuid, to_address text, params jsonb default '{}',
                                        message_key text default null) returns void
language sql volatile
as $$
    insert into outbox (template, account_id, to_address, lang, params, message_key)
    select mail_enqueue.template, account, coalesce(mail_enqueue.to_address, a.email),
        case when params ->> 'lang' in ('en', 'it') then params ->> 'lang' else coalesce(a.lang, 'en') end,
        coalesce(params, '{}') - 'lang', mail_enqueue.message_key
    from (select) as one left join accounts a on a.id = account
    where mail_necessary(mail_enqueue.template)
        or not exists (select from candidates d where d.account_id = account and d.restricted_at is not null)
    on conflict on constraint outbox_message_key_once do nothing
$$;

-- ---- what a company sees ----

create function application_restricted_json(a applications, form text) returns json
language plpgsql stable
as $$
begin
    return (jsonb_strip_nulls(jsonb_build_object('id', a.id, 'job', application_job_json(a, 'company'), 'status', a.status,
        'restricted', true, 'submitted_at', rfc3339(a.submitted_at), 'updated_at', rfc3339(a.updated_at)))
        || case form when 'full' then jsonb_build_object('answers', '[]'::jsonb, 'consent', '{"talent_pool": false}'::jsonb,
            'version', a.version) else '{}' end)::json;
end
$$;
comment on function application_restricted_json(applications, text) is
    'What a company sees of an application whose candidate has restricted it, in full or as a card: that it is.';
