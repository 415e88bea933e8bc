-- What is sealed, and what is hashed, under a master key since the tables of documents and of rotation
-- with grace are there: `segreteria keys` seals the first again and says what the second still needs.

create or replace function sealed_secrets() returns table (place text, id text, owner text, purpose integer, sealed bytea)
language sql stable
as $$
    select 'account_totp', account_id::text, account_id::text, 6, secret from account_totp
    union all
    select 'documents', d.id::text, d.id::text, 7, d.sealed_key from documents d
$$;

create or replace function sealed_replace(place text, id text, old_sealed bytea, new_sealed bytea) returns boolean
language plpgsql volatile
as $$
begin
    case place
    when 'account_totp' then
        update account_totp t set secret = new_sealed
        where t.account_id = sealed_replace.id::uuid and t.secret = old_sealed;
    when 'documents' then
        update documents d set sealed_key = new_sealed
        where d.id = sealed_replace.id::uuid and d.sealed_key = old_sealed;
    end case;
    return found;
end
$$;

create or replace function keys_needed(marking_ids text[]) returns table (key_id text, what text, count bigint)
language sql stable
as $$
    select hash_key_id(token_hash, marking_ids), 'API tokens', count(*) from api_tokens
    where revoked_at is null and (expires_at is null or expires_at > now()) group by 1
    union all
    select hash_key_id(previous_hash, marking_ids), 'former secrets of API tokens', count(*) from api_tokens
    where revoked_at is null and previous_hash is not null and previous_until > now() group by 1
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
    select hash_key_id(token_hash, marking_ids), 'links to documents', count(*) from document_links
    where used_at is null and expires_at > now() group by 1
    union all
    select hash_key_id(key_hash, marking_ids), 'idempotency keys', count(*) from idempotency_keys
    where created_at > now() - interval '24 hours' group by 1
    union all
    select encode(substring(sealed for 8), 'hex'), 'sealed secrets', count(*) from sealed_secrets() group by 1
$$;
