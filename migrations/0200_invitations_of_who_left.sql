-- An invitation stands on the right of who sent it: when an owner leaves the company, is removed, becomes less than an owner or
-- deletes its account, the invitations that it sent and that are still open are revoked in the same transaction
-- (docs/decisions/0200-invitations-of-who-left.md). Whoever sends one again vouches for it from then on.
-- All that changes a company's invitations locks the company first, so that they take turns.

create function invitations_withdraw(company uuid, inviter uuid) returns void
language plpgsql volatile
as $$
declare
    i company_invitations;
begin
    perform from companies where id = company for no key update;
    for i in
        update company_invitations set revoked_at = now()
        where company_id = company and invited_by = inviter and accepted_at is null and revoked_at is null and expires_at > now()
        returning *
    loop
        perform link_spend(i.link_id);
        perform audit_record('invitation.revoked', 'invitation', i.id, company, null,
            jsonb_build_object('role', i.role, 'inviter_left', true));
    end loop;
end
$$;
comment on function invitations_withdraw(uuid, uuid) is
    'Revokes the open invitations to a company of somebody who may not invite any more. What waits to be mailed is dropped, because '
    'its link works no more.';

create function company_members_invitations() returns trigger
language plpgsql
as $$
begin
    perform invitations_withdraw(old.company_id, old.account_id);
    return null;
end
$$;
comment on function company_members_invitations() is 'Who is no owner any more has invited nobody.';
create trigger company_members_invitations_end after delete on company_members
    for each row when (old.role = 'owner') execute function company_members_invitations();
create trigger company_members_invitations_less after update of role on company_members
    for each row when (old.role = 'owner' and new.role <> 'owner') execute function company_members_invitations();

create or replace function invitations_resend(company uuid, caller uuid, invitation uuid, link uuid, hash bytea) returns op_result
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
    update company_invitations set link_id = link, invited_by = caller, sent = sent + 1, sent_at = now(),
        expires_at = now() + interval '7 days'
    where id = invitation returning * into i;
    perform invitation_send(i, link, hash);
    perform audit_record('member.invited', 'invitation', i.id, company, null, jsonb_build_object('role', i.role, 'again', true));
    return op_ok(200, json_compact(invitation_json(i)));
end
$$;
comment on function invitations_resend(uuid, uuid, uuid, uuid, bytea) is
    'Mails an invitation again with a new link, as the caller''s; the one before is void. Not within ten minutes of the last time.';

create or replace function invitations_revoke(company uuid, invitation uuid) returns op_result
language plpgsql volatile
as $$
declare
    i company_invitations;
begin
    perform from companies where id = company for no key update;
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

create or replace function invitations_accept(hash bytea, account uuid, new_id uuid, person text, password_hash text,
                                              access_hash bytea, refresh_hash bytea, lang text) returns op_result
language plpgsql volatile
as $$
declare
    i company_invitations;
    answer op_result;
    joins uuid := coalesce(account, new_id);
begin
    -- Of two that use it at once, or of this and a revocation, the second finds it used: it is looked at once it is locked.
    i := invitation_of_link(hash);
    perform from companies where id = i.company_id for no key update;
    perform link_find(hash, 'invitation');
    answer := invitation_check(hash, account);
    if answer.status <> 200 then
        return answer;
    end if;
    i := invitation_of_link(hash);
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

-- Those of people who left before this was so.
with over as (
    update company_invitations i set revoked_at = now()
    where i.accepted_at is null and i.revoked_at is null and i.expires_at > now()
        and not exists (select from company_members m
            where m.company_id = i.company_id and m.account_id = i.invited_by and m.role = 'owner')
    returning i.link_id
)
update link_tokens set used_at = now() where id in (select link_id from over) and used_at is null;
