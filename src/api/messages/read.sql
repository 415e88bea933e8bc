-- Says that what the other side wrote has been read, up to a message.
-- @write
select status, code, problem, body, etag, location
from messages_read(:caller_kind, :caller_company_id::uuid, :caller_candidate_id::uuid, :application_id::uuid, :body::jsonb)
