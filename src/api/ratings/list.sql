-- The ratings of an application; the audit trail keeps that they were read.
-- @recorded
select status, code, body, etag
from ratings_list(:caller_company_id::uuid, :caller_account_id::uuid, :application_id::uuid)
