-- Whether a link for a new password would be taken now. Without one no password is hashed, which is what costs.
-- @read
select case when found then 200 else 422 end as status
from (select exists (
        select from link_tokens l join accounts a on a.id = l.account_id and a.disabled_at is null
        where l.token_hash = any (:link_hashes::bytea[]) and l.purpose = 'password_reset' and l.used_at is null
            and l.expires_at > now()) as found) as one
