-- Notes that a session is in use, at most once a minute.
-- @write
update sessions set last_seen_at = now()
where id = :token_id::uuid and (last_seen_at is null or last_seen_at < now() - interval '1 minute')
