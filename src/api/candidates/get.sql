-- A candidate who lets the company see it; the audit trail keeps that its member did.
-- @recorded
select status, code, body, etag
from candidates_view(:caller_company_id::uuid, :candidate_id::uuid)
