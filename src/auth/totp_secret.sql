-- The sealed secret of an account's authenticator, confirmed or not.
-- @read
select secret from account_totp where account_id = :caller_account_id::uuid
