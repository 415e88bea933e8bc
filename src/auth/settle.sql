-- The password of an attempt was right. totp_secret: the account has a second factor, whose sealed secret it is.
-- retry_after: too many codes were tried lately, so no other is verified now.
-- @write
select retry_after, totp_secret
from sign_in_settle(:account_id::uuid, :login, :address, :known, :device::uuid, :with_code::boolean)
