-- Documents of candidates: encrypted by the server in chunks (libsodium's secretstream) under a key of their own, which is
-- sealed under the master key. PostgreSQL holds ciphertext only. A document that is deleted takes its key and its chunks
-- along, whatever pages or backups still hold of the ciphertext.

create table documents (
    id           uuid primary key,
    candidate_id uuid not null references candidates (id) on delete cascade,
    slot         smallint not null,
    name         text not null,
    sealed_key   bytea not null,
    media_type   text,
    size         bigint,
    sha256       bytea,
    scan         text not null default 'not_scanned',
    scanned_at   timestamptz,
    created_at   timestamptz not null default now(),
    completed_at timestamptz,
    constraint documents_slot_range check (slot between 1 and 20),
    constraint documents_slot_once unique (candidate_id, slot),
    constraint documents_name_length check (length(name) between 1 and 200),
    constraint documents_sealed_key_size check (octet_length(sealed_key) = 104),
    constraint documents_size_range check (size between 1 and 10485760),
    constraint documents_sha256_size check (octet_length(sha256) = 32),
    constraint documents_media_type_known check (media_type in ('application/pdf',
        'application/vnd.openxmlformats-officedocument.wordprocessingml.document', 'application/vnd.oasis.opendocument.text',
        'application/rtf', 'text/plain', 'image/png', 'image/jpeg')),
    constraint documents_scan_known check (scan in ('not_scanned', 'clean', 'infected')),
    constraint documents_complete check (completed_at is null or num_nulls(media_type, size, sha256) = 0)
);
create index documents_candidate on documents (candidate_id, created_at desc, id desc);
create index documents_unfinished on documents (created_at) where completed_at is null;
create index documents_to_scan on documents (completed_at) where completed_at is not null and scan = 'not_scanned';
comment on table documents is 'Files of candidates. One that is not completed is being uploaded, or was given up.';
comment on column documents.slot is 'Which of the candidate''s twenty places it takes: the constraint is the limit.';
comment on column documents.sealed_key is
    'Key and header of the encryption (56 bytes), sealed under the master key for this document''s id.';
comment on column documents.sha256 is 'Of the file''s bytes, for the candidate to compare.';
comment on column documents.scan is 'What the virus scanner said; not_scanned: none is configured, or it has not been asked yet.';

create table document_chunks (
    document_id uuid not null references documents (id) on delete cascade,
    n           integer not null,
    data        bytea not null,
    primary key (document_id, n),
    constraint document_chunks_n_range check (n between 0 and 160),
    constraint document_chunks_data_size check (octet_length(data) between 17 and 65553)
);
alter table document_chunks alter column data set storage external;
comment on table document_chunks is 'Ciphertext: 64 KiB of the file and 17 bytes each, the last one shorter.';

create table application_documents (
    application_id uuid not null references applications (id) on delete cascade,
    document_id    uuid not null references documents (id) on delete cascade,
    position       smallint not null,
    primary key (application_id, document_id),
    constraint application_documents_position_range check (position between 1 and 20)
);
create index application_documents_document on application_documents (document_id);
comment on table application_documents is 'What a candidate attached. A document that is deleted is gone from here, too.';

create table document_links (
    id          uuid primary key,
    document_id uuid not null references documents (id) on delete cascade,
    account_id  uuid not null references accounts (id) on delete cascade,
    company_id  uuid references companies (id) on delete cascade,
    token_hash  bytea not null unique,
    created_at  timestamptz not null default now(),
    expires_at  timestamptz not null,
    used_at     timestamptz,
    constraint document_links_hash_size check (octet_length(token_hash) = 32)
);
create index document_links_document on document_links (document_id);
create index document_links_account on document_links (account_id);
create index document_links_company on document_links (company_id);
create index document_links_expires on document_links (expires_at);
comment on table document_links is 'Addresses that give a document once, without a token, within minutes.';
comment on column document_links.company_id is 'For which company its maker acted; whether it may see the document is asked again.';

create function document_json(d documents) returns json
language sql stable
as $$
    select json_build_object('id', d.id, 'name', d.name, 'media_type', d.media_type, 'size', d.size,
        'sha256', encode(d.sha256, 'hex'), 'scan', d.scan, 'created_at', rfc3339(d.created_at))
$$;
comment on function document_json(documents) is 'A document as it is listed, without its content.';

create function documents_begin(candidate uuid, new_id uuid, name text, sealed_key bytea) returns op_result
language plpgsql volatile
as $$
declare
    free smallint;
begin
    perform from candidates where id = candidate for update; -- uploads of one person take their places one after the other
    if not found then
        return op_problem(404, 'not_found');
    end if;
    select s into free from generate_series(1, 20) as s
    where not exists (select from documents d where d.candidate_id = candidate and d.slot = s) limit 1;
    if free is null then
        return op_problem(409, 'too_many_documents');
    end if;
    insert into documents (id, candidate_id, slot, name, sealed_key)
    values (new_id, candidate, free, documents_begin.name, documents_begin.sealed_key);
    return op_ok(200);
end
$$;
comment on function documents_begin(uuid, uuid, text, bytea) is 'Takes a place for an upload.';

-- What a crash loses of the chunks it loses of an upload that was never completed: documents_finish waits for the disk, and
-- the log is written in order.
create function document_chunk_put(document uuid, candidate uuid, n integer, data bytea) returns op_result
language plpgsql volatile
as $$
begin
    perform set_config('synchronous_commit', 'off', true);
    insert into document_chunks (document_id, n, data)
    select d.id, document_chunk_put.n, document_chunk_put.data from documents d
    where d.id = document and d.candidate_id = candidate and d.completed_at is null;
    if not found then
        return op_problem(404, 'not_found');
    end if;
    return op_ok(200);
end
$$;
comment on function document_chunk_put(uuid, uuid, integer, bytea) is 'Stores the n-th chunk of an upload.';

create function documents_finish(document uuid, candidate uuid, chunks integer, media_type text, size bigint, sha256 bytea)
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
        return op_problem(404, 'not_found');
    end if;
    perform audit_record('document.uploaded', 'document', d.id, null, candidate);
    body := json_compact(document_json(d));
    return op_ok(201, body, etag_of(body), '/v1/documents/' || d.id);
end
$$;
comment on function documents_finish(uuid, uuid, integer, text, bigint, bytea) is 'The upload is whole: from here on it is a document.';

create function documents_abort(document uuid) returns op_result
language plpgsql volatile
as $$
begin
    delete from documents where id = document and completed_at is null;
    return op_ok(204);
end
$$;
comment on function documents_abort(uuid) is 'Forgets an upload that was given up.';

create function documents_purge(at_most integer) returns integer
language sql volatile
as $$
    with gone as (
        delete from documents where id in (
            select id from documents where completed_at is null and created_at < now() - interval '1 hour'
            order by created_at limit at_most for update skip locked)
        returning 1
    ), links as (
        delete from document_links where id in (
            select id from document_links where expires_at < now() - interval '1 day'
            order by expires_at limit at_most for update skip locked)
        returning 1
    )
    select greatest((select count(*) from gone), (select count(*) from links))::integer
$$;
comment on function documents_purge(integer) is 'Removes uploads that broke off an hour ago and links of the day before; how many.';

create function documents_delete(document uuid, candidate uuid) returns op_result
language plpgsql volatile
as $$
begin
    delete from documents where id = document and candidate_id = candidate and completed_at is not null;
    if not found then
        return op_problem(404, 'not_found');
    end if;
    perform audit_record('document.deleted', 'document', document, null, candidate);
    return op_ok(204);
end
$$;
comment on function documents_delete(uuid, uuid) is 'Key, chunks, attachments and links go with it.';

create function document_visible(d documents, caller_kind text, candidate uuid, company uuid) returns boolean
language sql stable
as $$
    select d.completed_at is not null and case caller_kind
        when 'candidate' then d.candidate_id = candidate
        when 'company' then exists (
            select from application_documents x join applications a on a.id = x.application_id
            where x.document_id = d.id and a.company_id = company)
        else false end
$$;
comment on function document_visible(documents, text, uuid, uuid) is
    'Whose it is, and a company that got it with an application.';

create function documents_view(document uuid, company uuid) returns op_result
language plpgsql volatile
as $$
declare
    d documents;
    body text;
begin
    select * into d from documents t where t.id = document;
    if not found or not document_visible(d, 'company', null, company) then
        return op_problem(404, 'not_found');
    end if;
    perform audit_record('document.viewed', 'document', d.id, company, d.candidate_id);
    body := json_compact(document_json(d));
    return op_ok(200, body, etag_of(body));
end
$$;
comment on function documents_view(uuid, uuid) is 'What a company sees of a document without its content; recorded.';

-- The content itself is read after this, chunk by chunk. Every opening is in the audit trail before a byte is sent.
create function documents_open(document uuid, caller_kind text, candidate uuid, company uuid)
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
    elsif d.scan = 'infected' and caller_kind <> 'candidate' then
        return query select 409, 'document_infected', null::jsonb, null, null, null, null::bytea, null, null, null::bigint;
    else
        perform audit_record('document.downloaded', 'document', d.id, company, d.candidate_id);
        return query select 200, null, null::jsonb, null, encode(d.sha256, 'hex'), null, d.sealed_key, d.media_type, d.name,
            d.size;
    end if;
end
$$;
comment on function documents_open(uuid, text, uuid, uuid) is 'What is needed to send a document to somebody who may have it.';

create function document_link_create(document uuid, caller_kind text, candidate uuid, company uuid, account uuid, new_id uuid,
                                     hash bytea, minutes integer) returns op_result
language plpgsql volatile
as $$
declare
    d documents;
    until timestamptz := now() + coalesce(minutes, 5) * interval '1 minute';
begin
    select * into d from documents t where t.id = document for share;
    if not found or not document_visible(d, caller_kind, candidate, company) then
        return op_problem(404, 'not_found');
    end if;
    insert into document_links (id, document_id, account_id, company_id, token_hash, expires_at)
    values (new_id, document, account, case when caller_kind = 'company' then company end, hash, until);
    perform audit_record('document.link_created', 'document', document, company, d.candidate_id);
    return op_ok(201, json_compact(json_build_object('expires_at', rfc3339(until))));
end
$$;
comment on function document_link_create(uuid, text, uuid, uuid, uuid, uuid, bytea, integer) is
    'An address that gives the document once; the server adds the secret.';

create function document_link_open(hashes bytea[])
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
    if kind is null or not document_visible(d, kind, d.candidate_id, l.company_id)
        or d.scan = 'infected' and kind <> 'candidate' then
        return query select 404, 'not_found', null::jsonb, null, null, null, null::bytea, null, null, null::bigint, null::uuid;
    else
        perform audit_record('document.downloaded', 'document', d.id, l.company_id, d.candidate_id,
            jsonb_build_object('link_of', l.account_id));
        return query select 200, null, null::jsonb, null, encode(d.sha256, 'hex'), null, d.sealed_key, d.media_type, d.name,
            d.size, d.id;
    end if;
end
$$;
comment on function document_link_open(bytea[]) is
    'Uses a link up. Its maker must still be allowed to see the document, so a member that was removed leaves none behind.';
