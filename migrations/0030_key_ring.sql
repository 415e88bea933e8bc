-- Several master keys: stored hashes were made under the key that was in use then. Hashes that come from the server as a
-- list are those one secret has under each key it knows, the key in use first.

create function refresh_hash_stored(hashes bytea[]) returns bytea
language sql stable
as $$ select coalesce((select refresh_hash from session_tokens where refresh_hash = any (hashes)), hashes[1]) $$;
comment on function refresh_hash_stored(bytea[]) is 'Which of a refresh token''s hashes is stored; the first where none is.';

create function link_hash_stored(hashes bytea[]) returns bytea
language sql stable
as $$ select coalesce((select token_hash from link_tokens where token_hash = any (hashes)), hashes[1]) $$;
comment on function link_hash_stored(bytea[]) is 'Which of a link''s hashes is stored; the first where none is.';

-- With a lock that lets the row be used but its hash not be renewed, so that the answer holds for the transaction.
create function token_rehash(hashes bytea[]) returns boolean
language plpgsql volatile
as $$
begin
    update api_tokens set token_hash = hashes[1] where token_hash = any (hashes[2:]) and revoked_at is null;
    if not found then
        update api_tokens set previous_hash = hashes[1] where previous_hash = any (hashes[2:]) and revoked_at is null;
    end if;
    if not found then
        update session_tokens set access_hash = hashes[1] where access_hash = any (hashes[2:]);
    end if;
    return found;
end
$$;
comment on function token_rehash(bytea[]) is 'Stores a token''s hash under the key in use in place of one under a former key.';
