-- The account of an e-mail address, with the hash to verify the password against. No row: unknown or disabled.
-- @read
select a.id as account_id, a.password_hash, a.kind, a.name, a.email, m.company_id, m.role, d.id as candidate_id
from accounts a
left join company_members m on m.account_id = a.id
left join candidates d on d.account_id = a.id
where lower(a.email) = lower(:email) and a.disabled_at is null
