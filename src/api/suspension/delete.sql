-- Lifts a company's suspension.
-- @write
select status, code, problem, body, etag, location
from suspension_delete(:company_id::uuid, :if_match::text[])
