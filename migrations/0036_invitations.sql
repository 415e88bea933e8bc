-- Invitations to a company: an owner names an address and a role, whoever uses the link sent there becomes a member. Nothing
-- the inviting side gets to see depends on whether the address has an account.

create table company_invitations (
    id          uuid primary key,
    company_id  uuid not null references companies (id) on delete cascade,
    email       text not null,
    role        text not null,
    lang        text not null,
    invited_by  uuid references accounts (id) on delete set null,
    link_id     uuid not null,
    sent        integer not null default 1,
    sent_at     timestamptz not null default now(),
    expires_at  timestamptz not null default now() + interval '7 days',
    accepted_at timestamptz,
    revoked_at  timestamptz,
    account_id  uuid references accounts (id) on delete set null,
    created_at  timestamptz not null default now(),
    constraint company_invitations_role_known check (role in ('owner', 'recruiter', 'viewer')),
    constraint company_invitations_lang_known check (lang in ('en', 'it')),
    constraint company_invitations_email_form check (position('@' in email) > 1 and length(email) <= 254),
    constraint company_invitations_one_end check (accepted_at is null or revoked_at is null)
);
create unique index company_invitations_open on company_invitations (company_id, lower(email))
    where accepted_at is null and revoked_at is null;
create index company_invitations_company on company_invitations (company_id, created_at desc, id desc);
create unique index company_invitations_link on company_invitations (link_id);
create index company_invitations_invited_by on company_invitations (invited_by);
create index company_invitations_account on company_invitations (account_id);
create index company_invitations_over on company_invitations (coalesce(accepted_at, revoked_at, expires_at));
comment on table company_invitations is 'Who was asked to join a company. Removed 30 days after its end.';
comment on column company_invitations.link_id is 'The link that was mailed last (link_tokens); those before are void.';
comment on column company_invitations.sent is 'How often it was mailed.';
comment on column company_invitations.account_id is 'Who accepted it.';

create function invitation_status(i company_invitations) returns text
language sql stable
as $$
    select case when i.accepted_at is not null then 'accepted' when i.revoked_at is not null then 'revoked'
        when i.expires_at <= now() then 'expired' else 'pending' end
$$;
comment on function invitation_status(company_invitations) is 'pending, expired, accepted or revoked.';

create function invitation_json(i company_invitations) returns json
language sql stable
as $$
    select json_build_object('id', i.id, 'email', i.email, 'role', i.role, 'status', invitation_status(i),
        'invited_by', (select json_build_object('name', a.name) from accounts a where a.id = i.invited_by),
        'created_at', rfc3339(i.created_at), 'sent_at', rfc3339(i.sent_at), 'expires_at', rfc3339(i.expires_at),
        'accepted_at', rfc3339(i.accepted_at), 'revoked_at', rfc3339(i.revoked_at))
$$;
comment on function invitation_json(company_invitations) is 'An invitation as the owners of its company see it.';

create function invitation_send(i company_invitations, link uuid, hash bytea) returns void
language plpgsql volatile
as $$
begin
    perform link_create(link, hash, 'invitation', null, i.email, jsonb_build_object('invitation_id', i.id), interval '7 days');
    perform mail_enqueue('invitation', null, i.email, jsonb_strip_nulls(jsonb_build_object('link_id', link, 'role', i.role,
        'lang', i.lang, 'company', (select name from companies where id = i.company_id),
        'inviter', (select name from accounts where id = i.invited_by))));
end
$$;
comment on function invitation_send(company_invitations, uuid, bytea) is 'Mails an invitation with a link that works for 7 days.';

-- What the company may still do: 200 members and open invitations together, 50 open invitations, 100 new ones a day, 5
-- messages a day to one address. NULL: one more is fine.
create function invitation_limit(company uuid, address text) returns text
language sql volatile
as $$
    select case
        when o.pending + (select count(*) from company_members where company_id = company) >= 200 then 'members_limit'
        when o.pending >= 50 or o.today >= 100 or o.mails >= 5 then 'invitations_limit' end
    from (
        select count(*) filter (where invitation_status(i) = 'pending') as pending,
            count(*) filter (where created_at > now() - interval '1 day') as today,
            coalesce(sum(sent) filter (where lower(email) = lower(address) and sent_at > now() - interval '1 day'), 0) as mails
        from company_invitations i
        where i.company_id = company
    ) as o
$$;
comment on function invitation_limit(uuid, text) is 'The code of the limit that one more invitation would exceed, or NULL.';

create function invitations_create(company uuid, caller uuid, new_id uuid, link uuid, hash bytea, body jsonb, lang text)
returns op_result
language plpgsql volatile
as $$
declare
    i company_invitations;
    address text := body ->> 'email';
    member uuid;
    full_by text;
begin
    if not exists (select from accounts where id = caller and email_verified_at is not null) then
        return op_problem(403, 'email_unverified');
    end if;
    -- Counted and added to by one at a time.
    perform from companies where id = company for no key update;
    select m.id into member from company_members m join accounts a on a.id = m.account_id
    where m.company_id = company and lower(a.email) = lower(address);
    if found then
        return op_problem(409, 'already_member', jsonb_build_object('member_id', member));
    end if;
    select * into i from company_invitations
    where company_id = company and lower(email) = lower(address) and accepted_at is null and revoked_at is null;
    if found and i.expires_at > now() then
        return op_problem(409, 'already_invited', jsonb_build_object('invitation_id', i.id));
    elsif found then -- expired: the new one takes its place
        update company_invitations set revoked_at = now() where id = i.id;
    end if;
    full_by := invitation_limit(company, address);
    if full_by is not null then
        return op_problem(409, full_by);
    end if;
    insert into company_invitations (id, company_id, email, role, lang, invited_by, link_id)
    values (new_id, company, address, body ->> 'role', coalesce(body ->> 'language', invitations_create.lang), caller, link)
    returning * into i;
    perform invitation_send(i, link, hash);
    perform audit_record('member.invited', 'invitation', i.id, company, null, jsonb_build_object('role', i.role));
    return op_ok(201, json_compact(invitation_json(i)), null, '/v1/companies/' || company || '/invitations/' || i.id);
end
$$;
comment on function invitations_create(uuid, uuid, uuid, uuid, bytea, jsonb, text) is
    'An owner whose own address is verified invites somebody.';

create function invitations_resend(company uuid, caller uuid, invitation uuid, link uuid, hash bytea) returns op_result
language plpgsql volatile
as $$
declare
    i company_invitations;
    full_by text;
begin
    if not exists (select from accounts where id = caller and email_verified_at is not null) then
        return op_problem(403, 'email_unverified');
    end if;
    perform from companies where id = company for no key update;
    select * into i from company_invitations where id = invitation and company_id = company for update;
    if not found then
        return op_problem(404, 'not_found');
    elsif invitation_status(i) in ('accepted', 'revoked') then
        return op_problem(409, 'invitation_over', jsonb_build_object('current', invitation_status(i)));
    end if;
    full_by := case when i.sent_at > now() - interval '10 minutes' then 'invitations_limit'
        else invitation_limit(company, i.email) end;
    -- A pending one is counted already.
    if full_by is not null and not (full_by = 'members_limit' and i.expires_at > now()) then
        return op_problem(409, full_by);
    end if;
    perform link_spend(i.link_id);
    update company_invitations set link_id = link, sent = sent + 1, sent_at = now(), expires_at = now() + interval '7 days'
    where id = invitation returning * into i;
    perform invitation_send(i, link, hash);
    perform audit_record('member.invited', 'invitation', i.id, company, null, jsonb_build_object('role', i.role, 'again', true));
    return op_ok(200, json_compact(invitation_json(i)));
end
$$;
comment on function invitations_resend(uuid, uuid, uuid, uuid, bytea) is
    'Mails an invitation again with a new link; the one before is void. Not within ten minutes of the last time.';

create function invitations_revoke(company uuid, invitation uuid) returns op_result
language plpgsql volatile
as $$
declare
    i company_invitations;
begin
    select * into i from company_invitations where id = invitation and company_id = company for update;
    if not found then
        return op_problem(404, 'not_found');
    elsif invitation_status(i) in ('accepted', 'revoked') then
        return op_problem(409, 'invitation_over', jsonb_build_object('current', invitation_status(i)));
    end if;
    update company_invitations set revoked_at = now() where id = invitation;
    perform link_spend(i.link_id);
    perform audit_record('invitation.revoked', 'invitation', i.id, company, null, jsonb_build_object('role', i.role));
    return op_ok(204);
end
$$;
comment on function invitations_revoke(uuid, uuid) is 'Takes an invitation back: its link works no more.';

create function invitation_of_link(hash bytea) returns company_invitations
language sql stable
as $$
    select i
    from link_tokens l join company_invitations i on i.link_id = l.id
    where l.token_hash = hash and l.purpose = 'invitation' and l.used_at is null and l.expires_at > now()
        and i.accepted_at is null and i.revoked_at is null
        and not exists (select from companies c where c.id = i.company_id and c.closed_at is not null)
$$;
comment on function invitation_of_link(bytea) is
    'The invitation whose link this is; NULL when there is none that still works. Nobody joins a company that was closed.';

-- Only who holds the link learns that its address has an account, and of which kind.
create function invitation_check(hash bytea, account uuid) returns op_result
language plpgsql volatile
as $$
declare
    i company_invitations := invitation_of_link(hash);
    kind text;
begin
    if i.id is null then
        return op_problem(422, 'invalid_link');
    end if;
    select a.kind into kind from accounts a
    where case when account is null then lower(a.email) = lower(i.email) else a.id = account end;
    if kind <> 'company' then
        return op_problem(409, 'account_kind');
    elsif account is null and kind is not null then
        return op_problem(409, 'account_exists');
    elsif exists (select from company_members m where m.company_id = i.company_id and m.account_id = account) then
        return op_problem(409, 'already_member');
    elsif (select count(*) from company_members m where m.account_id = account) >= 20 then
        return op_problem(409, 'companies_limit');
    elsif (select count(*) from company_members m where m.company_id = i.company_id) >= 200 then
        return op_problem(409, 'members_limit');
    end if;
    return op_ok(200);
end
$$;
comment on function invitation_check(bytea, uuid) is
    'Whether an invitation can be accepted by an account, or (NULL) by making one: 200 or the refusal.';

create function invitations_accept(hash bytea, account uuid, new_id uuid, person text, password_hash text,
                                   access_hash bytea, refresh_hash bytea, lang text) returns op_result
language plpgsql volatile
as $$
declare
    i company_invitations;
    answer op_result;
    joins uuid := coalesce(account, new_id);
begin
    perform link_find(hash, 'invitation'); -- locked: of two that use it at once the second finds it used
    i := invitation_of_link(hash);
    perform from companies where id = i.company_id for no key update;
    answer := invitation_check(hash, account);
    if answer.status <> 200 then
        return answer;
    end if;
    if account is null then
        insert into accounts (id, kind, email, password_hash, name, lang, email_verified_at)
        values (joins, 'company', i.email, invitations_accept.password_hash, person, i.lang, now())
        on conflict ((lower(email))) do nothing;
        if not found then
            return op_problem(409, 'account_exists');
        end if;
        perform session_start(joins, uuid_v7(), access_hash, refresh_hash);
    else
        -- The link came by mail to the invited address: if that is the account's, it is verified by now.
        update accounts set email_verified_at = now()
        where id = account and email_verified_at is null and lower(email) = lower(i.email);
    end if;
    insert into company_members (company_id, account_id, role) values (i.company_id, joins, i.role);
    update company_invitations set accepted_at = now(), account_id = joins where id = i.id;
    perform link_spend(i.link_id);
    perform audit_record('invitation.accepted', 'invitation', i.id, i.company_id, null, jsonb_build_object('role', i.role));
    return op_ok(case when account is null then 201 else 200 end,
        json_compact(json_build_object('account', account_json(joins))), null, case when account is null then '/v1/me' end);
end
$$;
comment on function invitations_accept(bytea, uuid, uuid, text, text, bytea, bytea, text) is
    'Whoever has the link becomes a member: the account that is signed in, or a new one with the invited address.';

create function invitations_purge(at_most integer) returns integer
language sql volatile
as $$
    with gone as (
        delete from company_invitations where id in (
            select id from company_invitations
            where coalesce(accepted_at, revoked_at, expires_at) < now() - interval '30 days'
            limit at_most for update skip locked)
        returning 1)
    select count(*)::integer from gone
$$;
comment on function invitations_purge(integer) is 'Removes invitations that have been over for 30 days; how many.';

insert into constraint_rules (constraint_name, pointer, code) values
    ('company_invitations_email_form', '/email', 'email_form');
