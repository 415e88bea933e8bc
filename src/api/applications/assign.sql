-- Gives an application to an owner or recruiter of the caller's company, or to nobody.
-- @write
select status, code, problem, body, etag, location
from applications_assign(:caller_company_id::uuid, :caller_account_id::uuid, :application_id::uuid, :body::jsonb,
    :if_match::text[], :lang)
