-- What `segreteria keys rotate` seals again: the secrets of authenticators.

create or replace function sealed_secrets() returns table (place text, id text, owner text, purpose integer, sealed bytea)
language sql stable
as $$ select 'account_totp', account_id::text, account_id::text, 6, secret from account_totp $$;

create or replace function sealed_replace(place text, id text, old_sealed bytea, new_sealed bytea) returns boolean
language plpgsql volatile
as $$
begin
    if place = 'account_totp' then
        update account_totp t set secret = new_sealed
        where t.account_id = sealed_replace.id::uuid and t.secret = old_sealed;
        return found;
    end if;
    return false;
end
$$;
