-- An account's address also stands where the account does not: in a request for a new password that nobody has looked up yet, in
-- the invitation by which it joined a company, and in the answer that its inviter may still ask for again; a member's name, in
-- mail that brings its invitations.

create function account_forget_address(account uuid, address text, person text) returns void
language plpgsql volatile
as $$
declare
    joined uuid[];
    companies uuid[];
begin
    delete from link_tokens l
    where l.account_id is null and l.purpose = 'password_reset' and lower(l.email) = lower(address);
    delete from outbox o
    where o.state = 'queued' and o.account_id is null and o.template = 'password_reset' and lower(o.to_address) = lower(address);
    -- The link of an invitation that is over works no more, so nobody needs its message; a namesake's is left alone.
    delete from outbox o
    where o.template = 'invitation' and o.params ->> 'inviter' = person
        and o.id in (select id from outbox where state in ('queued', 'leased', 'handed') union all select id from outbox where state = 'dead')
        and not exists (select from link_tokens l
            where l.id = (o.params ->> 'link_id')::uuid and l.used_at is null and l.expires_at > now());
    select array_agg(i.id), array_agg(distinct i.company_id) into joined, companies
    from company_invitations i where i.account_id = account;
    if joined is not null then
        perform applications_forget_answers(joined, account, companies);
        delete from link_tokens l
        where l.account_id is null and l.purpose = 'invitation' and (l.payload ->> 'invitation_id')::uuid = any (joined);
        delete from company_invitations i where i.id = any (joined);
    end if;
end
$$;
comment on function account_forget_address(uuid, text, text) is
    'Removes what holds an account''s address or a member''s name without being the account''s: unanswered requests for a new password, '
    'the invitations that it accepted, mail with those that it sent and that are over. Invitations that are open stay: they are the inviting company''s, and name an address, not an account.';

create or replace function me_delete(account uuid, old_hash text, receipt uuid, step bigint, recovery_hashes bytea[], issuer text,
                                     signing_key_id text, signing_key bytea) returns op_result
language plpgsql volatile
as $$
declare
    a accounts;
    refusal op_result;
    what jsonb;
    r erasures;
begin
    -- Who is about to send a new password holds the message and then looks for the account: the same order here.
    perform from outbox o join accounts x on lower(x.email) = lower(o.to_address)
    where x.id = account and o.state = 'queued' and o.account_id is null for update of o;
    select * into a from accounts where id = account for update;
    if not found or a.password_hash <> old_hash then
        return op_problem(403, 'wrong_password');
    elsif not second_factor_use(account, step, recovery_hashes) then
        return op_problem(403, 'wrong_totp_code');
    end if;
    refusal := me_leave_companies(account);
    if refusal.status is not null then
        return refusal;
    end if;
    what := jsonb_build_object(
        'sessions', (select count(*) from sessions where account_id = account),
        'tokens', (select count(*) from api_tokens where account_id = account),
        'memberships', (select count(*) from company_members where account_id = account))
        || coalesce((select candidate_erase(d.id) from candidates d where d.account_id = account), '{}');
    -- By themselves, while it can still be told which invitations were this account's.
    delete from company_members where account_id = account;
    perform account_forget_address(account, a.email, a.name);
    -- One that is under way finds its lease gone and stops; one whose text has gone already is forgotten, too.
    delete from outbox where account_id = account;
    delete from accounts where id = account;
    insert into erasures (id, account_id, kind, what) values (receipt, account, a.kind, what) returning * into r;
    insert into receipt_keys (key_id, public_key) values (signing_key_id, signing_key) on conflict do nothing;
    perform pg_notify('segreteria_auth', account::text);
    return op_ok(200, json_compact(json_build_object('id', r.id, 'issuer', issuer, 'account_id', r.account_id, 'kind', r.kind,
        'email', a.email, 'erased_at', rfc3339(r.erased_at), 'erased', r.what)));
end
$$;
