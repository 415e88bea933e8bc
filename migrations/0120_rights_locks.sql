-- Who takes rights away that may be its own holds its own lock alone from the start: a lock that is held shared cannot be
-- made exclusive by two at once (each would wait for the other).

create or replace function in_context(context text) returns boolean
language plpgsql volatile
as $$
declare
    c jsonb := context::jsonb;
    operation text := c ->> 'operation';
    takes_away boolean := operation in ('members_patch', 'members_delete', 'tokens_revoke', 'company_tokens_revoke', 'me_password',
        'me_delete');
begin
    perform set_config('segreteria.context', context, true);
    if c ->> 'kind' = 'anonymous' then
        return true;
    end if;
    -- Changes to the rights within one company take turns, before they hold anything that another waits for.
    if operation in ('members_patch', 'members_delete', 'company_tokens_revoke') then
        perform pg_advisory_xact_lock(rights_key((c ->> 'company_id')::uuid));
    end if;
    if takes_away then
        perform pg_advisory_xact_lock(rights_key((c ->> 'account_id')::uuid));
    else
        perform pg_advisory_xact_lock_shared(rights_key((c ->> 'account_id')::uuid));
    end if;
    if c ->> 'token_type' = 'api' and takes_away then
        perform pg_advisory_xact_lock(rights_key((c ->> 'token_id')::uuid));
    elsif c ->> 'token_type' = 'api' then
        perform pg_advisory_xact_lock_shared(rights_key((c ->> 'token_id')::uuid));
    end if;
    -- With a snapshot of its own: what was committed while this waited is seen.
    return context_holds(c);
end
$$;
comment on function in_context(text) is
    'Runs before every write of the API, in its transaction: keeps the context (context_text), takes the locks of its rights '
    '(rights_key) and refuses a caller whose session, token, account or membership ended (SG003), whose role shrank (SG004) or '
    'whose company is suspended (SG005) after the request was let in.';
