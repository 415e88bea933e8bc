-- The password of an attempt was right. retry_after: too many codes were tried since, so no other is verified now.
-- @write
select sign_in_settle(:account_id::uuid, :login, :address, :known, :device::uuid, :with_code::boolean) as retry_after
