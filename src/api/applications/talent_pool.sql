-- Gives, renews or withdraws the consent to the talent pool.
-- @write
select status, code, problem, body, etag, location
from applications_talent_pool(:application_id::uuid, :caller_candidate_id::uuid, :body::jsonb, :if_match::text[])
