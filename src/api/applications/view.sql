-- An application as a member of the vacancy's company sees it; the audit trail keeps that it did.
-- @recorded
select status, code, body, etag
from applications_view(:caller_company_id::uuid, :application_id::uuid)
