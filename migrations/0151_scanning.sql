-- Documents are looked at by a virus scanner (clamd), if one is configured. An infected one is given to nobody.

drop index documents_to_scan;
alter table documents
    add column scan_due_at timestamptz not null default now(),
    add column scan_attempts integer not null default 0,
    add column scan_finding text,
    add constraint documents_scan_finding_length check (length(scan_finding) <= 200),
    add constraint documents_scan_finding_infected check (scan_finding is null or scan = 'infected');
create index documents_scan_due on documents (scan_due_at) where completed_at is not null and scan = 'not_scanned';
comment on column documents.scan_due_at is
    'not_scanned: when the scanner is asked (again). While an instance asks: when it is taken for gone.';
comment on column documents.scan_attempts is 'How often the scanner was asked.';
comment on column documents.scan_finding is 'What the scanner calls what it found in an infected one.';

create function document_scan_lease() returns table (id uuid, sealed_key bytea)
language sql volatile
as $$
    update documents d set scan_due_at = now() + interval '5 minutes', scan_attempts = d.scan_attempts + 1
    where d.id = (
        select t.id from documents t
        where t.completed_at is not null and t.scan = 'not_scanned' and t.scan_due_at <= now()
        order by t.scan_due_at limit 1 for update skip locked)
    returning d.id, d.sealed_key
$$;
comment on function document_scan_lease() is
    'The next document to be scanned, which no other instance takes for five minutes.';

create function document_scan_done(document uuid, verdict text, finding text) returns text
language plpgsql volatile
as $$
declare
    d documents;
begin
    if verdict = 'failed' then
        update documents t
        set scan_due_at = now() + least(interval '1 hour', interval '10 seconds' * 2 ^ least(scan_attempts, 12))
        where t.id = document and scan = 'not_scanned';
        return 'not_scanned';
    end if;
    update documents t set scan = verdict, scanned_at = now(), scan_finding = left(finding, 200)
    where t.id = document and scan = 'not_scanned' returning * into d;
    if found and verdict = 'infected' then
        perform audit_record('document.infected', 'document', d.id, null, d.candidate_id);
        perform mail_enqueue('document_infected', c.account_id, null,
            jsonb_build_object('document', d.id, 'at', rfc3339(d.created_at)), 'document_infected:' || d.id)
        from candidates c where c.id = d.candidate_id and c.account_id is not null;
    end if;
    return verdict;
end
$$;
comment on function document_scan_done(uuid, text, text) is
    'What the scanner said: clean; infected, of which the candidate is told; failed: it is asked again, after 20 seconds at '
    'first and after an hour at last.';

create or replace function documents_open(document uuid, caller_kind text, candidate uuid, company uuid)
returns table (status integer, code text, problem jsonb, body text, etag text, location text,
               out_key bytea, out_media_type text, out_name text, out_size bigint)
language plpgsql volatile
as $$
declare
    d documents;
begin
    select * into d from documents t where t.id = document for share;
    if not found or not document_visible(d, caller_kind, candidate, company) then
        return query select 404, 'not_found', null::jsonb, null, null, null, null::bytea, null, null, null::bigint;
    elsif d.scan = 'infected' then
        return query select 409, 'document_infected', null::jsonb, null, null, null, null::bytea, null, null, null::bigint;
    else
        perform audit_record('document.downloaded', 'document', d.id, company, d.candidate_id);
        return query select 200, null, null::jsonb, null, encode(d.sha256, 'hex'), null, d.sealed_key, d.media_type, d.name,
            d.size;
    end if;
end
$$;

create or replace function document_link_open(hashes bytea[])
returns table (status integer, code text, problem jsonb, body text, etag text, location text,
               out_key bytea, out_media_type text, out_name text, out_size bigint, out_document_id uuid)
language plpgsql volatile
as $$
declare
    l document_links;
    d documents;
    kind text;
begin
    update document_links t set used_at = now()
    where t.token_hash = any (hashes) and t.used_at is null and t.expires_at > now() returning * into l;
    if found then
        select * into d from documents t where t.id = l.document_id for share;
        select a.kind into kind from accounts a
        where a.id = l.account_id and a.disabled_at is null and (l.company_id is null
            or exists (select from company_members m join companies c on c.id = m.company_id
                where m.account_id = a.id and m.company_id = l.company_id and c.suspended_at is null));
    end if;
    if kind is null or not document_visible(d, kind, d.candidate_id, l.company_id) or d.scan = 'infected' then
        return query select 404, 'not_found', null::jsonb, null, null, null, null::bytea, null, null, null::bigint, null::uuid;
    else
        perform audit_record('document.downloaded', 'document', d.id, l.company_id, d.candidate_id,
            jsonb_build_object('link_of', l.account_id));
        return query select 200, null, null::jsonb, null, encode(d.sha256, 'hex'), null, d.sealed_key, d.media_type, d.name,
            d.size, d.id;
    end if;
end
$$;

-- What a crash of PostgreSQL loses of an upload (it is not waited for) is known when the next step misses it: try again.

create or replace function document_chunk_put(document uuid, candidate uuid, n integer, data bytea) returns op_result
language plpgsql volatile
as $$
begin
    perform set_config('synchronous_commit', 'off', true);
    insert into document_chunks (document_id, n, data)
    select d.id, document_chunk_put.n, document_chunk_put.data from documents d
    where d.id = document and d.candidate_id = candidate and d.completed_at is null;
    if not found then
        return op_problem(503, 'unavailable');
    end if;
    return op_ok(200);
end
$$;

create or replace function documents_finish(document uuid, candidate uuid, chunks integer, media_type text, size bigint,
                                            sha256 bytea)
returns op_result
language plpgsql volatile
as $$
declare
    d documents;
    body text;
begin
    update documents t set media_type = documents_finish.media_type, size = documents_finish.size,
        sha256 = documents_finish.sha256, completed_at = now()
    where t.id = document and t.candidate_id = candidate and t.completed_at is null
        and (select count(*) from document_chunks c where c.document_id = document) = chunks
    returning * into d;
    if not found then
        return op_problem(503, 'unavailable');
    end if;
    perform audit_record('document.uploaded', 'document', d.id, null, candidate);
    body := json_compact(document_json(d));
    return op_ok(201, body, etag_of(body), '/v1/documents/' || d.id);
end
$$;
