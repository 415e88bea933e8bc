-- Asks for a file with all of the caller's data.
-- @write
select status, code, problem, body, etag, location
from exports_request(:caller_account_id::uuid, :new_id::uuid)
