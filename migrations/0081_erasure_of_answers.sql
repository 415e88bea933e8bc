-- Answers kept for an Idempotency-Key may hold what a person wrote: they go with the account instead of at the end of their
-- day. Whose they are is known from the request context; a registration's, which nobody had yet, from its address.

alter table idempotency_keys add column account_id uuid default nullif(context_text('account_id'), '')::uuid;
create index idempotency_keys_account on idempotency_keys (account_id) where account_id is not null;
comment on column idempotency_keys.account_id is 'Who asked; NULL: somebody without an account, or before this was kept.';

create function accounts_forget_answers() returns trigger
language plpgsql
as $$
begin
    delete from idempotency_keys where account_id = old.id;
    if old.created_at > now() - interval '24 hours' then
        delete from idempotency_keys
        where account_id is null and created_at >= old.created_at - interval '1 minute'
            and position(lower(old.email) in lower(body)) > 0;
    end if;
    return null;
end
$$;
comment on function accounts_forget_answers() is 'An account that is deleted takes the answers kept for it along.';
create trigger accounts_forget_answers after delete on accounts for each row execute function accounts_forget_answers();
