-- A restriction of processing is asked when a message is queued (mail_enqueue), and removes what waits (restriction_put). Neither
-- sees the other's transaction: a message that was queued at that moment, or was with an instance already, still went out. So it
-- is asked again when a message is taken, and once more, one after the other, when its text is about to go.

create function mail_restricted(template text, account uuid) returns boolean
language sql stable
as $$
    select not mail_necessary(template)
        and exists (select from candidates d where d.account_id = account and d.restricted_at is not null)
$$;
comment on function mail_restricted(text, uuid) is
    'Whether a message may not be sent, because whom it is for has restricted the processing of its data.';

create or replace function mail_lease(at_most integer, new_lease uuid)
returns table (id uuid, state text, error text, template text, to_address text, lang text, params text, link_id uuid,
               purpose text, link_hash text)
language plpgsql volatile
as $$
declare
    o outbox;
    l link_tokens;
    given integer := 0;
begin
    return query select s.id, s.state, s.last_error, s.template, null, null, null, null::uuid, null, null from mail_sweep() s;
    for scanned in 1..500 loop -- one by one: no more rows are locked than are taken
        exit when given = at_most;
        select * into o from outbox q where q.state = 'queued' and q.due_at <= now()
        order by q.due_at limit 1 for update skip locked;
        exit when not found;
        if o.template = 'password_reset' and o.account_id is null then
            o := mail_resolve_reset(o);
            continue when o.id is null;
        end if;
        l := null;
        if o.params ? 'link_id' then
            select * into l from link_tokens t
            where t.id = (o.params ->> 'link_id')::uuid and t.used_at is null and t.expires_at > now();
        end if;
        if (o.params ? 'link_id' and l.id is null) or mail_restricted(o.template, o.account_id) then
            delete from outbox q where q.id = o.id;
            return query select o.id, 'dropped', null, o.template, null, null, null, null::uuid, null, null;
            continue;
        end if;
        update outbox q set state = 'leased', lease = new_lease, attempts = attempts + 1, due_at = now() + interval '3 minutes'
        where q.id = o.id;
        given := given + 1;
        return query select o.id, 'leased', null, o.template, o.to_address, o.lang,
            (jsonb_build_object('at', rfc3339(o.created_at), 'name', a.name) || (o.params - 'link_id'))::text,
            l.id, l.purpose, l.token_hash::text
            from (select) as one left join accounts a on a.id = o.account_id;
    end loop;
end
$$;
comment on function mail_lease(integer, uuid) is
    'Messages for an instance to send now, state leased; besides, those that were given up meanwhile (dead), and those that are '
    'not to be sent any more (dropped): their link has expired, was used or replaced, or the use of the data was restricted.';

-- The lock makes the two take turns: restriction_put holds the candidate FOR UPDATE until it is committed. Either the message is
-- handed first, and the restriction is answered after that, or the restriction is seen here. A change of a profile does not wait.
create or replace function mail_hand(message uuid, held uuid) returns boolean
language plpgsql volatile
as $$
declare
    o outbox;
begin
    select * into o from outbox where id = message and lease = held and state = 'leased';
    if not found then
        return null;
    end if;
    if not mail_necessary(o.template) then
        perform from candidates d where d.account_id = o.account_id for key share;
    end if;
    if mail_restricted(o.template, o.account_id) then
        delete from outbox q where q.id = message and q.lease = held and q.state = 'leased';
        return case when found then false end;
    end if;
    update outbox q set state = 'handed', due_at = now() + interval '10 minutes'
    where q.id = message and q.lease = held and q.state = 'leased';
    return case when found then true end;
end
$$;
comment on function mail_hand(uuid, uuid) is
    'The mail server is ready for the text: true, and from here on the message is not sent again by itself. False: it may not be '
    'sent any more, and is gone. NULL: it is another''s now.';
