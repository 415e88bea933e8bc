-- Suspends a company, or gives another reason.
-- @write
select status, code, problem, body, etag, location
from suspension_put(:company_id::uuid, :body::jsonb, :if_match::text[])
