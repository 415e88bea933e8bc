-- Whether a link for a new password would be taken now. Without one no password is hashed, which is what costs; a request that is
-- sent again under its Idempotency-Key has used its link itself, and goes on to the answer that is kept.
-- @read
select case when found then 200 else 422 end as status, case when not found then 'invalid_link' end as code
from (select exists (
        select from link_tokens l join accounts a on a.id = l.account_id and a.disabled_at is null
        where l.token_hash = any (:link_hashes::bytea[]) and l.purpose = 'password_reset' and l.used_at is null
            and l.expires_at > now())
    or exists (select from idempotency_keys k
        where k.key_hash = any (:key_hashes::bytea[]) and k.operation = 'password_reset') as found) as one
