-- Which server runs where and which master keys it knows; what still needs a master key.

create table server_instances (
    id          uuid primary key,
    host        text not null,
    key_source  text not null,
    key_ids     text[] not null,
    key_current text not null,
    started_at  timestamptz not null default now(),
    seen_at     timestamptz not null default now()
);
comment on table server_instances is 'A row for each running server, renewed every few seconds: `segreteria keys` asks them.';
comment on column server_instances.key_source is 'Where its master keys come from: the path of the file, or environment.';
comment on column server_instances.key_ids is 'Ids of the master keys it knows; an id tells nothing of its key.';

create function instance_seen(instance uuid, host text, key_source text, key_ids text[], key_current text) returns integer
language sql volatile
as $$
    with gone as (delete from server_instances where seen_at < now() - interval '1 hour'),
    here as (
        insert into server_instances as i (id, host, key_source, key_ids, key_current)
        values (instance, instance_seen.host, instance_seen.key_source, instance_seen.key_ids, instance_seen.key_current)
        on conflict (id) do update set seen_at = now(), key_ids = excluded.key_ids, key_current = excluded.key_current
        returning 1)
    select count(*)::integer from here
$$;

create function instance_gone(instance uuid) returns integer
language sql volatile
as $$
    with gone as (delete from server_instances where id = instance returning 1)
    select count(*)::integer from gone
$$;

create view server_instances_live as
    select * from server_instances where seen_at > clock_timestamp() - interval '20 seconds';
comment on view server_instances_live is 'Those that have been seen lately.';

-- The key of a stored hash is at its end, unless the hash was made under a key in the form of the first release: those have
-- no mark and belong to the one such key.
create function hash_key_id(hash bytea, marking_ids text[]) returns text
language sql immutable
as $$
    select case when encode(substring(hash from 25), 'hex') = any (marking_ids)
        then encode(substring(hash from 25), 'hex') end
$$;
comment on function hash_key_id(bytea, text[]) is 'Which of the keys that mark their hashes made it; NULL: none of them.';

-- Sealed secrets, wherever they are kept: one line here for each place.
create function sealed_secrets() returns table (place text, id text, owner text, purpose integer, sealed bytea)
language sql stable
as $$ select null::text, null::text, null::text, null::integer, null::bytea where false $$;
comment on function sealed_secrets() is
    'place and id: what sealed_replace takes; owner and purpose: what the secret is bound to (see auth/secret.h). The key''s id is in front.';

create function sealed_replace(place text, id text, old_sealed bytea, new_sealed bytea) returns boolean
language plpgsql volatile
as $$
begin
    return false;
end
$$;
comment on function sealed_replace(text, text, bytea, bytea) is 'The same secret under another key, if it has not changed meanwhile.';

-- What cannot be read any more without a key. used refresh tokens and answered idempotency keys past their day need none.
create function keys_needed(marking_ids text[]) returns table (key_id text, what text, count bigint)
language sql stable
as $$
    select hash_key_id(token_hash, marking_ids), 'API tokens', count(*) from api_tokens
    where revoked_at is null and (expires_at is null or expires_at > now()) group by 1
    union all
    select hash_key_id(access_hash, marking_ids), 'access tokens of sessions', count(*)
    from session_tokens k join sessions s on s.id = k.session_id
    where s.ended_at is null and access_expires_at > now() group by 1
    union all
    select hash_key_id(refresh_hash, marking_ids), 'refresh tokens of sessions', count(*)
    from session_tokens k join sessions s on s.id = k.session_id
    where s.ended_at is null and refreshed_at is null and refresh_expires_at > now() group by 1
    union all
    select hash_key_id(token_hash, marking_ids), 'links in mails', count(*) from link_tokens
    where used_at is null and expires_at > now() group by 1
    union all
    select hash_key_id(key_hash, marking_ids), 'idempotency keys', count(*) from idempotency_keys
    where created_at > now() - interval '24 hours' group by 1
    union all
    select encode(substring(sealed for 8), 'hex'), 'sealed secrets', count(*) from sealed_secrets() group by 1
$$;
comment on function keys_needed(text[]) is
    'What still needs which master key. key_id NULL: made under a key that does not mark its hashes (the form of the first release).';
