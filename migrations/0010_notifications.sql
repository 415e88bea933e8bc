-- What other server processes hear of: their caches hold public vacancies and principals.

-- Payload: the vacancy's id, when what the public gets of it has changed.
create function job_documents_notify() returns trigger
language plpgsql
as $$
begin
    perform pg_notify('segreteria_jobs', coalesce(new.job_id, old.job_id)::text);
    return null;
end
$$;
create trigger job_documents_notify_insert after insert on job_documents for each row
    when (new.was_public) execute function job_documents_notify();
create trigger job_documents_notify_update after update on job_documents for each row
    when (new.was_public and (old.status, old.etag) is distinct from (new.status, new.etag))
    execute function job_documents_notify();

-- Payload: the account's id, when what its tokens may do has changed.
create function account_notify() returns trigger
language plpgsql
as $$
begin
    perform pg_notify('segreteria_auth',
        (case tg_table_name when 'accounts' then to_jsonb(new) ->> 'id'
            else to_jsonb(coalesce(new, old)) ->> 'account_id' end));
    return null;
end
$$;
create trigger accounts_notify after update on accounts for each row
    when ((old.password_hash, old.disabled_at) is distinct from (new.password_hash, new.disabled_at))
    execute function account_notify();
create trigger company_members_notify after update or delete on company_members for each row
    execute function account_notify();
create trigger sessions_notify after update on sessions for each row
    when (old.ended_at is distinct from new.ended_at) execute function account_notify();
create trigger api_tokens_notify after update on api_tokens for each row
    when ((old.token_hash, old.revoked_at, old.scopes, old.expires_at)
        is distinct from (new.token_hash, new.revoked_at, new.scopes, new.expires_at))
    execute function account_notify();
comment on function job_documents_notify() is 'NOTIFY segreteria_jobs with the vacancy''s id.';
comment on function account_notify() is 'NOTIFY segreteria_auth with the account''s id.';
