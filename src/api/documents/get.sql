-- A document's name, type and size, for whom it may be shown to.
-- @read
select 200 as status, json_compact(document_json(d)) as body, etag_of(json_compact(document_json(d))) as etag
from documents d
where d.id = :document_id::uuid
    and document_visible(d, :caller_kind, :caller_candidate_id::uuid, :caller_company_id::uuid)
