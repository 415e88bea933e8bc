-- Gives or changes the caller's own rating by a criterion.
-- @write
select status, code, problem, body, etag, location
from ratings_put(:caller_company_id::uuid, :caller_account_id::uuid, :application_id::uuid, :criterion, :body::jsonb,
    :if_match::text[])
