-- Notes that an API token is in use, at most once a minute.
-- @write
update api_tokens set last_used_at = now()
where id = :token_id::uuid and (last_used_at is null or last_used_at < now() - interval '1 minute')
