-- Replaces the criteria of the caller's company.
-- @write
select status, code, problem, body, etag, location
from criteria_put(:caller_company_id::uuid, :company_id::uuid, null, :body::jsonb, :if_match::text[], :lang)
