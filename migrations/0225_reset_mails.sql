-- At most ten messages a day for a new password, besides three an hour; and two instances that send at once count each other's.
-- The account is locked while they are counted. One that is locked by somebody else is not waited for: the message comes a second later.

create or replace function mail_resolve_reset(o outbox) returns outbox
language plpgsql volatile
as $$
declare
    a accounts;
    account uuid := (select n.id from accounts n where lower(n.email) = lower(o.to_address) and n.disabled_at is null);
begin
    if account is not null then
        select * into a from accounts n where n.id = account for no key update skip locked;
        if not found then
            update outbox set due_at = now() + interval '1 second' where id = o.id;
            return null;
        end if;
    end if;
    if account is null or a.disabled_at is not null or lower(a.email) <> lower(o.to_address)
        or mail_count(account, 'password_reset', interval '1 hour') >= 3
        or mail_count(account, 'password_reset', interval '1 day') >= 10 then
        delete from link_tokens where id = (o.params ->> 'link_id')::uuid;
        delete from outbox where id = o.id;
        return null;
    end if;
    update link_tokens set account_id = a.id where id = (o.params ->> 'link_id')::uuid;
    update outbox set account_id = a.id, to_address = a.email, lang = a.lang where id = o.id returning * into o;
    return o;
end
$$;
comment on function mail_resolve_reset(outbox) is
    'Finds the account of a password reset; NULL: there is none, or it got enough (the message is gone), or not now.';
