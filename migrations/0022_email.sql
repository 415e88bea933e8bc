-- What an account does with its e-mail address: verification, a new password, a new address, and the notices it gets.

-- ---- registration ----

create function account_registered(r op_result, registered_email text, lang text, link uuid, hash bytea) returns op_result
language plpgsql volatile
as $$
declare
    account uuid;
begin
    if r.status <> 201 then
        return r;
    end if;
    update accounts a set lang = account_registered.lang where lower(a.email) = lower(registered_email) returning id into account;
    perform link_create(link, hash, 'verify_email', account, registered_email, '{}', interval '7 days');
    perform mail_enqueue('verify_email', account, null, jsonb_build_object('link_id', link));
    return r;
end
$$;
comment on function account_registered(op_result, text, text, uuid, bytea) is
    'After a registration that worked: the account''s language, and a message by which it verifies its address.';

create function companies_register(new_id uuid, body jsonb, password_hash text, access_hash bytea, refresh_hash bytea,
                                   lang text, link uuid, link_hash bytea) returns op_result
language sql volatile
as $$
    select account_registered(companies_create(new_id, body, password_hash, access_hash, refresh_hash),
        body #>> '{owner,email}', lang, link, link_hash)
$$;
comment on function companies_register(uuid, jsonb, text, bytea, bytea, text, uuid, bytea) is
    'companies_create, and the message that verifies the owner''s address.';

create function candidates_register(new_id uuid, body jsonb, password_hash text, access_hash bytea, refresh_hash bytea,
                                    lang text, link uuid, link_hash bytea) returns op_result
language sql volatile
as $$
    select account_registered(candidates_create(new_id, body, password_hash, access_hash, refresh_hash),
        body ->> 'email', lang, link, link_hash)
$$;
comment on function candidates_register(uuid, jsonb, text, bytea, bytea, text, uuid, bytea) is
    'candidates_create, and the message that verifies the address.';

-- ---- verification ----

create function mail_count(account uuid, template text, since interval) returns integer
language sql stable
as $$
    select count(*)::integer from outbox o
    where o.account_id = account and o.template = mail_count.template and o.created_at > now() - since
$$;
comment on function mail_count(uuid, text, interval) is 'Messages of a template for an account lately: nobody gets a flood.';

create function email_verification(account uuid, link uuid, hash bytea) returns op_result
language plpgsql volatile
as $$
declare
    a accounts;
begin
    select * into a from accounts where id = account for update;
    if a.email_verified_at is null and mail_count(account, 'verify_email', interval '1 hour') < 5
       and mail_count(account, 'verify_email', interval '1 day') < 10 then
        perform link_create(link, hash, 'verify_email', account, a.email, '{}', interval '7 days');
        perform mail_enqueue('verify_email', account, null, jsonb_build_object('link_id', link));
    end if;
    return op_ok(202);
end
$$;
comment on function email_verification(uuid, uuid, bytea) is
    'Sends the message that verifies the address once more: at most five an hour and ten a day, because it may be a '
    'stranger''s; none when it is verified.';

create function email_verify(hashes bytea[]) returns op_result
language plpgsql volatile
as $$
declare
    l link_tokens;
begin
    select * into l from link_use(link_hash_stored(hashes), 'verify_email');
    update accounts set email_verified_at = coalesce(email_verified_at, now())
    where id = l.account_id and lower(email) = lower(l.email) and disabled_at is null;
    if not found then
        return op_problem(422, 'invalid_link');
    end if;
    perform sign_in_known(l.account_id, context_text('address'));
    perform audit_record('email.verified', 'account', l.account_id);
    return op_ok(204);
end
$$;
comment on function email_verify(bytea[]) is 'A verification link came back: mail to the address arrives.';

-- ---- forgotten password ----

-- The same for every address: whose it is, is looked up when the message is about to be sent (mail_resolve_reset).
create function password_request_reset(email text, link uuid, hash bytea) returns op_result
language plpgsql volatile
as $$
begin
    perform link_create(link, hash, 'password_reset', null, email, '{}', interval '1 hour');
    perform mail_enqueue('password_reset', null, email, jsonb_build_object('link_id', link));
    return op_ok(202);
end
$$;
comment on function password_request_reset(text, uuid, bytea) is 'Somebody asks for a new password for an address.';

create function sessions_end_all(account uuid, reason text) returns void
language sql volatile
as $$
    update sessions set ended_at = now(), end_reason = reason where account_id = account and ended_at is null
$$;
comment on function sessions_end_all(uuid, text) is 'Ends every session of an account.';

create function links_void(account uuid, purposes text[]) returns void
language sql volatile
as $$
    update link_tokens set used_at = now() where account_id = account and purpose = any (purposes) and used_at is null
$$;
comment on function links_void(uuid, text[]) is 'The account''s links of these purposes work no more.';

create function password_reset(hashes bytea[], new_hash text) returns op_result
language plpgsql volatile
as $$
declare
    l link_tokens;
begin
    select * into l from link_use(link_hash_stored(hashes), 'password_reset');
    update accounts set password_hash = new_hash, password_changed_at = now(),
        email_verified_at = coalesce(email_verified_at, now())
    where id = l.account_id and disabled_at is null;
    if not found then
        return op_problem(422, 'invalid_link');
    end if;
    perform sessions_end_all(l.account_id, 'password_changed');
    perform sign_in_known(l.account_id, context_text('address'));
    return op_ok(204);
end
$$;
comment on function password_reset(bytea[], text) is 'A link for a new password came back: it is set, and every session ends.';

-- ---- another address ----

create function email_change(account uuid, new_email text, lang text, link uuid, hash bytea) returns op_result
language plpgsql volatile
as $$
declare
    a accounts;
    owner uuid;
begin
    select * into a from accounts where id = account for update;
    if lower(new_email) = lower(a.email) then
        return op_invalid(violations(jsonb_build_array(violation('/email', 'email_same')), lang));
    elsif mail_count(account, 'email_change_requested', interval '1 hour') >= 5
        or mail_count(account, 'email_change_requested', interval '1 day') >= 10 then
        return op_ok(202);
    end if;
    select id into owner from accounts where lower(email) = lower(new_email);
    perform link_create(link, hash, 'email_change', account, new_email, '{}', interval '1 day');
    if owner is null then
        perform mail_enqueue('email_change_confirm', account, new_email, jsonb_build_object('link_id', link));
    else
        perform link_spend(link);
        if mail_count(owner, 'email_taken', interval '1 day') < 3 then
            perform mail_enqueue('email_taken', owner, null);
        end if;
    end if;
    perform mail_enqueue('email_change_requested', account, null, jsonb_build_object('new_email', new_email));
    return op_ok(202);
end
$$;
comment on function email_change(uuid, text, text, uuid, bytea) is
    'Asks for another address: it becomes the account''s when the link sent there is used. Of an address that has an account '
    'the caller learns nothing; its owner is told.';

create function email_confirm(hashes bytea[]) returns op_result
language plpgsql volatile
as $$
declare
    l link_tokens;
    old_email text;
    told jsonb;
begin
    select * into l from link_use(link_hash_stored(hashes), 'email_change');
    select email into old_email from accounts where id = l.account_id and disabled_at is null for update;
    if not found then
        return op_problem(422, 'invalid_link');
    end if;
    begin
        update accounts set email = l.email, email_verified_at = now(), updated_at = now(), version = version + 1
        where id = l.account_id;
    exception when unique_violation then
        return op_problem(409, 'email_taken');
    end;
    perform links_void(l.account_id, array['password_reset', 'verify_email']);
    told := jsonb_build_object('old_email', old_email, 'new_email', l.email);
    perform mail_enqueue('email_changed', l.account_id, old_email, told);
    perform mail_enqueue('email_changed', l.account_id, l.email, told);
    perform sign_in_known(l.account_id, context_text('address'));
    return op_ok(204);
end
$$;
comment on function email_confirm(bytea[]) is
    'The link sent to the new address came back: it is the account''s now, and both addresses are told. 409: another account '
    'has taken it meanwhile.';

insert into rule_texts (code, en, it) values
    ('email_same', 'This is the account''s address already.', 'È già l''indirizzo dell''account.');

-- ---- notices ----

create function account_password_notice() returns trigger
language plpgsql
as $$
begin
    perform links_void(new.id, array['password_reset', 'email_change']);
    perform mail_enqueue('password_changed', new.id, null);
    return null;
end
$$;
comment on function account_password_notice() is
    'The password was changed: the person is told, and links that whoever knew the old one may have asked for are void.';
create trigger accounts_password_notice after update on accounts for each row
    when (old.password_changed_at is distinct from new.password_changed_at) execute function account_password_notice();

-- A sign-in is from a new place if its network (/24, IPv6 /48) is that of none of the places that the account signed in
-- from lately (sign_in_places: ten, for 90 days). Before the insert: afterwards this place is among them.
create function session_notice() returns trigger
language plpgsql
as $$
declare
    address inet := regexp_replace(context_text('address'), '^::ffff:(?=[0-9]+[.])', '')::inet;
    network cidr := network(set_masklen(address, case family(address) when 4 then 24 else 48 end));
begin
    if address is not null
       and not exists (select from sign_in_places p where p.account_id = new.account_id and p.place <<= network)
       and not exists (select from accounts a where a.id = new.account_id and a.created_at = now())
       and mail_count(new.account_id, 'new_sign_in', interval '1 day') < 5 then
        perform mail_enqueue('new_sign_in', new.account_id, null, jsonb_build_object('network', network::text));
    end if;
    return new;
end
$$;
comment on function session_notice() is 'Tells a person of a sign-in from a network it has not signed in from lately.';
create trigger sessions_notice before insert on sessions for each row execute function session_notice();

create function token_notice() returns trigger
language plpgsql
as $$
begin
    if mail_count(new.account_id, 'token_created', interval '1 hour') < 10 then
        perform mail_enqueue('token_created', new.account_id, null,
            jsonb_build_object('token', new.name, 'prefix', new.prefix));
    end if;
    return null;
end
$$;
comment on function token_notice() is 'Tells a person of an API token made for its account.';
create trigger api_tokens_notice after insert on api_tokens for each row execute function token_notice();

-- ---- the account as it sees itself ----

create or replace function account_json(account uuid) returns json
language plpgsql stable
as $$
begin
    return (
        select case
            when d.id is not null then (left(candidate_json(d, a.email, a.kind)::text, -1) || ','
                || substr(json_build_object('email_verified', a.email_verified_at is not null,
                    'language', a.lang)::text, 2))::json
            when a.kind = 'company' then json_build_object('kind', a.kind, 'account_id', a.id, 'email', a.email,
                'email_verified', a.email_verified_at is not null, 'name', a.name, 'language', a.lang,
                'companies', n.companies,
                'company', case when json_array_length(n.companies) = 1
                    then json_build_object('id', n.companies #> '{0,id}', 'name', n.companies #> '{0,name}') end,
                'role', case when json_array_length(n.companies) = 1 then n.companies #> '{0,role}' end)
            else json_build_object('kind', a.kind, 'account_id', a.id, 'email', a.email,
                'email_verified', a.email_verified_at is not null, 'name', a.name, 'language', a.lang)
            end
        from accounts a
        cross join lateral (select case when a.kind = 'company' then memberships_json(a.id) end as companies offset 0) as n
        left join candidates d on d.account_id = a.id
        where a.id = account
    );
end
$$;

create or replace function account_editable(account uuid) returns jsonb
language plpgsql stable
as $$
begin
    return (
        select jsonb_build_object('language', a.lang) || case when d.id is not null
            then jsonb_build_object('given_name', d.given_name, 'family_name', d.family_name) || d.profile
            else jsonb_build_object('name', a.name) end
        from accounts a left join candidates d on d.account_id = a.id
        where a.id = account
    );
end
$$;
comment on function account_editable(uuid) is 'What PATCH /v1/me changes: the language, a member''s name, a candidate''s profile.';

create or replace function me_patch(account uuid, body jsonb, expected integer, if_match text[]) returns op_result
language plpgsql volatile
as $$
declare
    a accounts;
    document text;
begin
    select * into a from accounts where id = account for update;
    if not found then
        return op_problem(404, 'not_found');
    elsif not etag_matches(if_match, etag_of(json_compact(account_json(account)))) then
        return op_problem(412, 'precondition_failed');
    elsif a.version <> expected then
        return op_problem(409, 'version_changed');
    end if;
    if account_editable(account) <> jsonb_strip_nulls(body) then
        update candidates set given_name = body ->> 'given_name', family_name = body ->> 'family_name',
            profile = jsonb_strip_nulls(body) - array['email', 'password', 'given_name', 'family_name', 'language'],
            updated_at = now(), version = version + 1
        where account_id = account;
        update accounts set
            name = case when kind = 'candidate' then (body ->> 'given_name') || ' ' || (body ->> 'family_name')
                else body ->> 'name' end,
            lang = body ->> 'language',
            updated_at = now(), version = version + 1
        where id = account;
    end if;
    document := json_compact(account_json(account));
    return op_ok(200, document, etag_of(document), null);
end
$$;
