-- A document's name, type and size as a company sees it that got it; recorded.
-- @recorded
select status, code, problem, body, etag, location
from documents_view(:document_id::uuid, :caller_company_id::uuid)
