-- What is erased of a person, turned around: everything that hangs on a person or on an application goes, but for what is
-- named here as telling nothing of the person. A table or column that comes later is erased without anybody thinking of it.

-- A row without a person stands in a candidate's place where an application stays for a company's statistics. It is nobody's
-- registration.
drop trigger candidates_audit_insert on candidates;
create trigger candidates_audit_insert after insert on candidates for each row
    when (new.erased_at is null) execute function audit_candidates();

create table receipt_keys (
    key_id        text primary key,
    public_key    bytea not null unique,
    first_used_at timestamptz not null default now(),
    constraint receipt_keys_size check (octet_length(public_key) = 32)
);
comment on table receipt_keys is
    'Public keys (Ed25519) under which receipts were signed: a receipt is verified long after its master key was retired.';
comment on column receipt_keys.key_id is 'Id of the master key that the signing key is derived from.';

create function receipt_keys_json(ring jsonb) returns json
language sql stable
as $$
    select json_build_object('keys', coalesce(json_agg(json_build_object('kty', 'OKP', 'crv', 'Ed25519', 'use', 'sig',
        'alg', 'EdDSA', 'kid', k.id, 'x', k.x) order by k.id), '[]'))
    from (
        select key ->> 'kid' as id, key ->> 'x' as x from jsonb_array_elements(ring) as key
        union
        select key_id, translate(rtrim(encode(public_key, 'base64'), '='), '+/', '-_') from receipt_keys
    ) as k
$$;
comment on function receipt_keys_json(jsonb) is
    'A JWK set (RFC 7517, RFC 8037) of the keys that this server knows (ring: kid and x) and of all that ever signed a receipt.';

create function tables_below(parent regclass) returns table (child regclass, reference name)
language sql stable
as $$
    select c.conrelid::regclass, a.attname
    from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
    where c.contype = 'f' and c.confrelid = parent and cardinality(c.conkey) = 1
    order by c.conrelid::regclass::text, a.attname
$$;
comment on function tables_below(regclass) is 'Which tables refer to this one, by which column.';

create function columns_but(place regclass, kept text[]) returns text
language sql stable
as $$
    select string_agg(format('%I = default', attname), ', ' order by attnum)
    from pg_attribute
    where attrelid = place and attnum > 0 and not attisdropped and attgenerated = '' and attname <> all (kept)
$$;
comment on function columns_but(regclass, text[]) is 'What an UPDATE sets to forget everything but some columns.';

create function application_kept() returns text[]
language sql immutable
as $$
    select array['id', 'job_id', 'company_id', 'candidate_id', 'status', 'submitted_at', 'updated_at', 'version', 'job_etag',
        'processing_notice', 'retention_from', 'anonymised_at']
$$;
comment on function application_kept() is
    'The columns of an application that stay when its person is taken out: that there was one, for which vacancy, when, and how '
    'it ended. Nothing a person wrote, and nothing written about one, may be among them.';

create function application_event_kept() returns text[]
language sql immutable
as $$ select array['id', 'application_id', 'at', 'actor_kind', 'account_id', 'type', 'from_status', 'to_status'] $$;
comment on function application_event_kept() is 'The same of an event of its history.';

create function applications_strip(ids uuid[]) returns void
language plpgsql volatile
as $$
declare
    t record;
begin
    for t in select child, reference from tables_below('applications')
             where child not in ('application_events'::regclass, 'applications'::regclass) loop
        execute format('delete from %s where %I = any ($1)', t.child, t.reference) using ids;
    end loop;
    update application_events set account_id = null where application_id = any (ids) and actor_kind = 'candidate';
    execute 'update application_events set ' || columns_but('application_events', application_event_kept())
        || ' where application_id = any ($1)' using ids;
    execute 'update applications set version = version + 1, ' || columns_but('applications', application_kept())
        || ' where id = any ($1)' using ids;
end
$$;
comment on function applications_strip(uuid[]) is
    'Takes all content out of applications: letter, answers, what was attached to them, written about them, said between the sides.';

-- Copies of what is erased that were kept for other reasons: answers that members of the companies may ask for again, and
-- messages that wait.
create function applications_forget_answers(ids uuid[], candidate uuid, companies uuid[]) returns void
language sql volatile
as $$
    delete from idempotency_keys k using company_members m
    where m.company_id = any (companies) and k.account_id = m.account_id
        and exists (select from unnest(ids || candidate) as i where position(i::text in k.body) > 0)
$$;
comment on function applications_forget_answers(uuid[], uuid, uuid[]) is
    'Removes stored answers to members of these companies that name these applications or this candidate.';

create function applications_forget_copies(ids uuid[], candidate uuid, companies uuid[]) returns void
language plpgsql volatile
as $$
declare
    texts text[] := array(select i::text from unnest(ids || candidate) as i);
begin
    perform applications_forget_answers(ids, candidate, companies);
    delete from outbox o where o.state <> 'sent' and exists (select from unnest(texts) as t where position(t in o.params::text) > 0);
end
$$;
comment on function applications_forget_copies(uuid[], uuid, uuid[]) is
    'Removes stored answers to members of these companies, and messages not yet sent, that name these applications or this candidate.';

create function candidate_nobody(given text, family text) returns uuid
language sql volatile
as $$
    insert into candidates (id, account_id, given_name, family_name, erased_at)
    values (uuid_v7(), null, given, family, now()) returning id
$$;
comment on function candidate_nobody(text, text) is 'A candidate that is nobody, to stand where a person stood; its id.';

create or replace function candidate_erase(candidate uuid) returns jsonb
language plpgsql volatile
as $$
declare
    ids uuid[];
    companies uuid[];
    files integer;
    withdrawn integer;
begin
    delete from documents where candidate_id = candidate;
    get diagnostics files = row_count;
    with open as (
        select id, status from applications
        where candidate_id = candidate and status in ('submitted', 'in_review', 'shortlisted', 'interview', 'offer')
        for update
    ), moved as (
        update applications a set status = 'withdrawn', updated_at = now(), next_update_due = null
        from open where a.id = open.id returning a.id, open.status
    )
    insert into application_events (application_id, actor_kind, type, from_status, to_status)
    select id, 'candidate', 'withdrawn', status, 'withdrawn' from moved;
    get diagnostics withdrawn = row_count;
    select array_agg(id), array_agg(distinct company_id) into ids, companies from applications where candidate_id = candidate;
    if ids is not null then
        perform applications_forget_copies(ids, candidate, companies);
        perform applications_strip(ids);
        -- One for each company: it may go on counting people, and no two companies can find out that theirs is the same.
        with nobody as (select company, candidate_nobody('Deleted', 'account') as id from unnest(companies) as company)
        update applications a set candidate_id = nobody.id, anonymised_at = now() from nobody
        where a.candidate_id = candidate and a.company_id = nobody.company;
    end if;
    return jsonb_build_object('documents', files, 'applications', coalesce(cardinality(ids), 0),
        'applications_withdrawn', withdrawn);
end
$$;
comment on function candidate_erase(uuid) is
    'Takes a candidate out of everything but its own row, which goes with the account. Of applications stays what '
    'application_kept says, under a pseudonym for each company. How many of what.';

drop function me_delete(uuid, text, uuid, bigint, bytea[]);
create function me_delete(account uuid, old_hash text, receipt uuid, step bigint, recovery_hashes bytea[], issuer text,
                          signing_key_id text, signing_key bytea) returns op_result
language plpgsql volatile
as $$
declare
    a accounts;
    refusal op_result;
    what jsonb;
    r erasures;
begin
    select * into a from accounts where id = account for update;
    if not found or a.password_hash <> old_hash then
        return op_problem(403, 'wrong_password');
    elsif not second_factor_use(account, step, recovery_hashes) then
        return op_problem(403, 'wrong_totp_code');
    end if;
    refusal := me_leave_companies(account);
    if refusal.status is not null then
        return refusal;
    end if;
    what := jsonb_build_object(
        'sessions', (select count(*) from sessions where account_id = account),
        'tokens', (select count(*) from api_tokens where account_id = account),
        'memberships', (select count(*) from company_members where account_id = account))
        || coalesce((select candidate_erase(d.id) from candidates d where d.account_id = account), '{}');
    -- One that is under way finds its lease gone and stops; one whose text has gone already is forgotten, too.
    delete from outbox where account_id = account;
    delete from accounts where id = account;
    insert into erasures (id, account_id, kind, what) values (receipt, account, a.kind, what) returning * into r;
    insert into receipt_keys (key_id, public_key) values (signing_key_id, signing_key) on conflict do nothing;
    perform pg_notify('segreteria_auth', account::text);
    return op_ok(200, json_compact(json_build_object('id', r.id, 'issuer', issuer, 'account_id', r.account_id, 'kind', r.kind,
        'email', a.email, 'erased_at', rfc3339(r.erased_at), 'erased', r.what)));
end
$$;
comment on function me_delete(uuid, text, uuid, bigint, bytea[], text, text, bytea) is
    'Erases an account and what is its own, in this transaction; the answer is the receipt, which the server signs. The address '
    'is in the receipt and nowhere else any more.';
