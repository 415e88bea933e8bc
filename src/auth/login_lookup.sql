-- The account of an e-mail address, with the hash to verify the password against. No row: unknown or disabled.
-- @read
select a.id as account_id, a.password_hash
from accounts a
where lower(a.email) = lower(:email) and a.disabled_at is null
