-- Notes that an API token is in use, and roughly from where, at most once a minute.
-- @write
select token_touch(:token_id::uuid, :peer)
