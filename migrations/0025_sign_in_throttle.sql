-- How often passwords and codes may be tried. What is counted stands here, so that it holds on every instance and after a
-- restart; why it is counted like this is in docs/decisions.

create table sign_in_throttle (
    key      bytea primary key,
    clear_at timestamptz not null,
    constraint sign_in_throttle_key_size check (octet_length(key) = 32)
) with (fillfactor = 70);
comment on table sign_in_throttle is
    'Attempts not yet forgotten. A row past its time says nothing and is removed. No address and no e-mail address is here.';
comment on column sign_in_throttle.key is 'SHA-256 of what is counted: see sign_in_limits.';
comment on column sign_in_throttle.clear_at is
    'When everything will be forgotten (GCRA): each attempt moves it on by the limit''s cost, and one that would move it '
    'more than the whole allowance beyond now is refused.';

create table sign_in_places (
    account_id uuid not null references accounts (id) on delete cascade,
    place      cidr not null,
    last_at    timestamptz not null default now(),
    primary key (account_id, place)
);
create index sign_in_places_last on sign_in_places (last_at);
comment on table sign_in_places is
    'From where an account signed in lately: there the failures of strangers elsewhere do not count. Ten for each account, '
    'for 90 days.';

create function sign_in_place(address text) returns cidr
language sql immutable parallel safe
as $$
    select network(set_masklen(a, case when family(a) = 6 then 64 else 32 end))::cidr
    from (select coalesce(regexp_replace(nullif(address, ''), '^::ffff:(?=[0-9]+[.])', ''), '0.0.0.0')::inet as a) as given
$$;
comment on function sign_in_place(text) is
    'What counts as one address: an IPv4 address, or the /64 that one connection is given in IPv6.';

-- In the order in which they are locked. known: how the account is known here (device: its session, place, no).
create function sign_in_limits(login text, place cidr, known text, device uuid)
returns table (name text, key bytea, cost interval, burst integer)
language sql stable
as $$
    select l.name, sha256(convert_to(concat_ws(' ', l.name, l.subject), 'UTF8')), l.cost, l.burst
    from (values
        (1, 'device', concat_ws(' ', login, device), interval '3 minutes', 10, known = 'device'),
        (2, 'pair', concat_ws(' ', login, place), interval '3 minutes', 10, known <> 'device'),
        (3, 'place', place::text, interval '20 seconds', 100, known = 'no'),
        (4, 'network', case when family(place) = 6 then network(set_masklen(place::inet, 48))::text end,
            interval '5 seconds', 400, known = 'no' and family(place) = 6),
        (5, 'account', login, interval '2 minutes', 50, known = 'no')
    ) as l (n, name, subject, cost, burst, counts)
    where l.counts
    order by l.n
$$;
comment on function sign_in_limits(text, cidr, text, uuid) is
    'What an attempt counts against: each limit allows burst attempts at once and gives one back after each cost.';

create function sign_in_wait(clear_at timestamptz, cost interval, burst integer) returns interval
language sql stable parallel safe
as $$ select greatest(clear_at, now()) + cost - now() - cost * burst $$;
comment on function sign_in_wait(timestamptz, interval, integer) is 'How long until one more attempt is allowed; <= 0: now.';

create function sign_in_take(limit_key bytea, cost interval, burst integer) returns interval
language plpgsql volatile
as $$
declare
    wait interval;
begin
    insert into sign_in_throttle as t (key, clear_at) values (limit_key, now())
    on conflict (key) do update set clear_at = greatest(t.clear_at, now())
    returning sign_in_wait(clear_at, cost, burst) into wait;
    if wait <= interval '0' then
        update sign_in_throttle t set clear_at = t.clear_at + cost where t.key = limit_key;
    end if;
    return wait;
end
$$;
comment on function sign_in_take(bytea, interval, integer) is
    'Counts one attempt, or says how long to wait for it; the row stays locked for the rest of the transaction.';

create function sign_in_give_back(limit_key bytea, cost interval) returns void
language sql volatile
as $$ update sign_in_throttle t set clear_at = t.clear_at - cost where t.key = limit_key $$;
comment on function sign_in_give_back(bytea, interval) is 'Forgets one attempt.';

-- Counted before the password is looked at, and given back when it was right (sign_in_settle): of attempts that run at the
-- same time none slips through. An unknown login is counted as a known one is.
create function sign_in_attempt(given_login text, given_account uuid, address text, device_hashes bytea[])
returns table (retry_after integer, login text, known text, device uuid, account_id uuid, password_hash text)
language plpgsql volatile
as $$
declare
    here cidr := sign_in_place(address);
    l record;
    longest interval;
    wait interval;
    taken bytea[] := '{}';
    costs interval[] := '{}';
begin
    if given_account is null then
        select a.id, a.password_hash into account_id, password_hash from accounts a
        where lower(a.email) = lower(given_login) and a.disabled_at is null;
        login := lower(given_login);
    else
        select a.id, a.password_hash, lower(a.email) into account_id, password_hash, login from accounts a
        where a.id = given_account and a.disabled_at is null;
    end if;
    select s.id into device from session_tokens t join sessions s on s.id = t.session_id
    where t.refresh_hash = any (device_hashes) and s.account_id = sign_in_attempt.account_id
        and coalesce(s.end_reason, 'logout') = 'logout'
    limit 1;
    known := case
        when device is not null then 'device'
        when exists (select from sign_in_places p where p.account_id = sign_in_attempt.account_id and p.place = here
            and p.last_at > now() - interval '90 days') then 'place'
        else 'no' end;

    -- Without a lock first: a flood that is refused anyway writes nothing.
    select max(sign_in_wait(t.clear_at, m.cost, m.burst)) into longest
    from sign_in_limits(login, here, known, device) m join sign_in_throttle t on t.key = m.key;
    if longest is null or longest <= interval '0' then
        -- Nobody waits for the disk: a crash of PostgreSQL forgets the attempts of its last moment.
        perform set_config('synchronous_commit', 'off', true);
        longest := null;
        for l in select * from sign_in_limits(login, here, known, device) loop
            wait := sign_in_take(l.key, l.cost, l.burst);
            if wait > interval '0' then
                longest := greatest(longest, wait);
            else
                taken := taken || l.key;
                costs := costs || l.cost;
            end if;
        end loop;
        if longest is not null then
            perform sign_in_give_back(k, c) from unnest(taken, costs) as u (k, c);
        end if;
    end if;
    if longest > interval '0' then
        retry_after := greatest(1, ceil(extract(epoch from longest)))::integer;
        password_hash := null;
    end if;
    return next;
end
$$;
comment on function sign_in_attempt(text, uuid, text, bytea[]) is
    'Counts an attempt to give the password of a login (or, given_account, of a signed-in account) and says what to verify '
    'it against; retry_after: refused, to be tried again after so many seconds.';

-- with_code: a code is to be verified next, which counts against a limit of its own: only somebody with the right password
-- comes this far, so strangers cannot use it up.
create function sign_in_settle(account uuid, login text, address text, known text, device uuid, with_code boolean)
returns integer
language plpgsql volatile
as $$
declare
    l record;
    wait interval;
begin
    for l in select * from sign_in_limits(login, sign_in_place(address), known, device) loop
        if l.name in ('device', 'pair') then
            delete from sign_in_throttle t where t.key = l.key;
        else
            perform sign_in_give_back(l.key, l.cost);
        end if;
    end loop;
    if with_code then
        select sign_in_take(c.key, c.cost, c.burst) into wait from sign_in_code_limit(account) as c;
        if wait > interval '0' then
            return greatest(1, ceil(extract(epoch from wait)));
        end if;
    end if;
    return null;
end
$$;
comment on function sign_in_settle(uuid, text, text, text, uuid, boolean) is
    'The password was right: its attempt is forgotten, and at this place and device those before. The answer, if there is '
    'one: how many seconds to wait before another code is verified.';

create function sign_in_code_limit(account uuid) returns table (key bytea, cost interval, burst integer)
language sql immutable
as $$ select sha256(convert_to('code ' || account, 'UTF8')), interval '10 minutes', 10 $$;
comment on function sign_in_code_limit(uuid) is 'How often codes of an account may be tried: ten, and one every ten minutes.';

create function sign_in_known(account uuid, address text) returns void
language plpgsql volatile
as $$
begin
    insert into sign_in_places (account_id, place) values (account, sign_in_place(address))
    on conflict (account_id, place) do update set last_at = now();
    delete from sign_in_places p where p.account_id = account and p.place in (
        select o.place from sign_in_places o where o.account_id = account order by o.last_at desc, o.place offset 10);
end
$$;
comment on function sign_in_known(uuid, text) is
    'The account''s owner is at this address: a sign-in that worked, or a link sent to its mailbox that was used there.';

create function sign_in_purge(at_most integer) returns integer
language sql volatile
as $$
    with throttle as (
        delete from sign_in_throttle where key in (
            select key from sign_in_throttle where clear_at < now() limit at_most for update skip locked)
        returning 1
    ), places as (
        delete from sign_in_places where (account_id, place) in (
            select account_id, place from sign_in_places where last_at < now() - interval '90 days'
            order by last_at limit at_most for update skip locked)
        returning 1
    )
    select greatest((select count(*) from throttle), (select count(*) from places))::integer
$$;
comment on function sign_in_purge(integer) is 'Removes attempts that are forgotten and places not seen for 90 days; how many.';

create function sessions_know_place() returns trigger
language plpgsql
as $$
begin
    if context_text('address') is not null then
        perform sign_in_known(new.account_id, context_text('address'));
    end if;
    return null;
end
$$;
comment on function sessions_know_place() is 'Where a session was opened, its account is known from then on.';
create trigger sessions_know_place after insert on sessions for each row execute function sessions_know_place();
