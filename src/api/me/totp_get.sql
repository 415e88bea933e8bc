-- Whether the caller's account has a second factor, and how many recovery codes are left.
-- @read
select 200 as status, body, etag_of(body) as etag
from (select me_totp_document(:caller_account_id::uuid) as body offset 0) as found
