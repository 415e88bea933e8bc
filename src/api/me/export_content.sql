-- Opens the caller's file, and says so in the audit trail.
-- @write
select status, code, problem, body, etag, location, out_key, out_media_type, out_name, out_size, out_export_id
from exports_open(:caller_account_id::uuid)
