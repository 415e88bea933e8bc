-- A document says when it goes if it is with no application.

create function document_purge_after(d documents) returns timestamptz
language sql stable
as $$
    select d.completed_at + interval '730 days'
    where not exists (select from application_documents x where x.document_id = d.id) and not candidate_restricted(d.candidate_id)
$$;
comment on function document_purge_after(documents) is
    'From when documents_unattached_purge removes a document; NULL: it does not.';

create or replace function document_json(d documents) returns json
language sql stable
as $$
    select json_build_object('id', d.id, 'name', d.name, 'media_type', d.media_type, 'size', d.size,
        'sha256', encode(d.sha256, 'hex'), 'scan', d.scan, 'created_at', rfc3339(d.created_at),
        'purge_after', rfc3339(document_purge_after(d)))
$$;
