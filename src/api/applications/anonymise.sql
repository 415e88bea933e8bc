-- Takes the person out of an application, for ever.
-- @write
select status, code, problem, body, etag, location
from applications_anonymise_one(:caller_company_id::uuid, :caller_account_id::uuid, :application_id::uuid)
