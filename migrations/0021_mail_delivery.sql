-- Delivery: how instances share the outbox. A message is leased, handed to the mail server, and sent or given up. Once its
-- text may have reached a server it is never sent again by itself: "handed" is committed before the first byte of it goes.

-- A password reset is asked for by anybody, for any address, and costs the same whether there is an account: the look-up
-- happens here, when the message is about to be sent. At most three an hour and account.
create function mail_resolve_reset(o outbox) returns outbox
language plpgsql volatile
as $$
declare
    a accounts;
begin
    select * into a from accounts where lower(email) = lower(o.to_address) and disabled_at is null;
    if not found or (select count(*) from outbox b where b.account_id = a.id and b.template = 'password_reset'
                     and b.created_at > now() - interval '1 hour') >= 3 then
        delete from link_tokens where id = (o.params ->> 'link_id')::uuid;
        delete from outbox where id = o.id;
        return null;
    end if;
    update link_tokens set account_id = a.id where id = (o.params ->> 'link_id')::uuid;
    update outbox set account_id = a.id, to_address = a.email, lang = a.lang where id = o.id returning * into o;
    return o;
end
$$;
comment on function mail_resolve_reset(outbox) is 'Finds the account of a password reset; NULL, and the message gone: there is none.';

-- What an instance that is gone left: before the text went, the message is queued again; after that nobody knows.
create function mail_sweep() returns setof outbox
language sql volatile
as $$
    update outbox set state = 'queued', due_at = now(), last_error = 'the instance that held it is gone'
    where id in (select id from outbox where state = 'leased' and due_at <= now() limit 100 for update skip locked);
    update outbox set state = 'dead', ended_at = now(), last_error = 'outcome unknown: the instance that sent it is gone'
    where id in (select id from outbox where state = 'handed' and due_at <= now() limit 100 for update skip locked)
    returning *
$$;
comment on function mail_sweep() is 'Frees what instances that are gone held; gives back what is given up.';

create function mail_lease(at_most integer, new_lease uuid)
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
            if not found then
                delete from outbox q where q.id = o.id;
                return query select o.id, 'dropped', null, o.template, null, null, null, null::uuid, null, null;
                continue;
            end if;
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
    'Messages for an instance to send now, state leased; besides, those that were given up meanwhile (dead), and those '
    'whose link has expired, was used or replaced (dropped: nobody needs them).';

create function mail_hand(message uuid, held uuid) returns boolean
language sql volatile
as $$
    update outbox set state = 'handed', due_at = now() + interval '10 minutes'
    where id = message and lease = held and state = 'leased' returning true
$$;
comment on function mail_hand(uuid, uuid) is
    'The mail server is ready for the text: from here on the message is not sent again by itself. NULL: it is another''s now.';

create function mail_sent(message uuid, held uuid) returns boolean
language sql volatile
as $$
    update outbox set state = 'sent', to_address = null, params = '{}', last_error = null, ended_at = now()
    where id = message and lease = held and state <> 'queued' returning true
$$;
comment on function mail_sent(uuid, uuid) is 'The mail server has taken it. What it said and to whom is forgotten at once.';

-- 30 s, 1 min, 2 min ... at most 4 h, each a quarter more or less; the 20th failure, after about two days, is the last.
create function mail_failed(message uuid, held uuid, reason text, again boolean) returns text
language sql volatile
as $$
    update outbox set
        state = case when again and attempts < 20 then 'queued' else 'dead' end,
        due_at = now() + least(interval '30 seconds' * power(2, least(attempts, 12) - 1), interval '4 hours')
            * (0.75 + random() * 0.5),
        ended_at = case when not (again and attempts < 20) then now() end,
        last_error = left(reason, 200)
    where id = message and lease = held and state in ('leased', 'handed') returning state
$$;
comment on function mail_failed(uuid, uuid, text, boolean) is
    'It was not taken: later again, or (again false, or too often) given up. The state it has now.';

create function mail_purge(at_most integer) returns integer
language sql volatile
as $$
    with messages as (
        delete from outbox where id in (
            select id from outbox
            where ended_at < now() - case state when 'sent' then interval '30 days' else interval '90 days' end
            limit at_most for update skip locked)
        returning 1),
    links as (
        delete from link_tokens where id in (
            select id from link_tokens where expires_at < now() - interval '1 day' limit at_most for update skip locked)
        returning 1)
    select greatest((select count(*) from messages), (select count(*) from links))::integer
$$;
comment on function mail_purge(integer) is
    'Removes messages sent 30 days ago or given up 90 days ago, and links that expired a day ago; how many at most of either.';
