-- The members of a company: who they are, what they may do, how they go. And the moment from which somebody who lost a right
-- can do nothing with it any more, requests in flight included.

alter table company_members add column version integer not null default 1;
create index company_members_company on company_members (company_id, created_at desc, id desc);

-- A request that writes holds the locks of its account and, if it came with one, of its API token shared, from the proof of
-- its caller (in_context) to its commit; who takes a right away takes the lock alone. So when the loss of a right has been
-- committed, every write that was let in before has either been committed before it, too, or finds itself refused.
create function rights_key(holder uuid) returns bigint
language sql immutable parallel safe
as $$ select hashtextextended(holder::text, 3703) $$;
comment on function rights_key(uuid) is
    'Advisory lock of an account or API token: shared by the writes it makes, exclusive for who takes rights from it.';

create or replace function in_context(context text) returns boolean
language plpgsql volatile
as $$
declare
    c jsonb := context::jsonb;
begin
    perform set_config('segreteria.context', context, true);
    if c ->> 'kind' = 'anonymous' then
        return true;
    end if;
    -- Changes to the members of one company take turns, before they hold anything that another waits for.
    if c ->> 'operation' in ('members_patch', 'members_delete') then
        perform pg_advisory_xact_lock(rights_key((c ->> 'company_id')::uuid));
    end if;
    perform pg_advisory_xact_lock_shared(rights_key((c ->> 'account_id')::uuid));
    if c ->> 'token_type' = 'api' then
        perform pg_advisory_xact_lock_shared(rights_key((c ->> 'token_id')::uuid));
    end if;
    -- With a snapshot of its own: what was committed while this waited is seen.
    return context_holds(c);
end
$$;

create function context_holds(c jsonb) returns boolean
language plpgsql volatile
as $$
declare
    account uuid := (c ->> 'account_id')::uuid;
    company uuid := (c ->> 'company_id')::uuid;
    token uuid := (c ->> 'token_id')::uuid;
    ranks constant text[] := array['viewer', 'recruiter', 'owner'];
    now_role text;
begin
    if c ->> 'token_type' = 'session' then
        select m.role into now_role
        from sessions s
        join accounts a on a.id = s.account_id and a.disabled_at is null
        left join company_members m on m.account_id = a.id and m.company_id = company
        where s.id = token and s.account_id = account and s.ended_at is null;
    else
        select m.role into now_role
        from api_tokens t
        join accounts a on a.id = t.account_id and a.disabled_at is null
        left join company_members m on m.account_id = a.id and m.company_id = company
        where t.id = token and t.account_id = account and t.revoked_at is null
            and (t.expires_at is null or t.expires_at > now());
    end if;
    if not found or (company is not null and now_role is null and c ->> 'token_type' = 'api') then
        raise exception using errcode = 'SG003', message = 'what let this request in is no longer valid';
    elsif company is not null and now_role is null then
        raise exception using errcode = 'SG004', message = 'the caller has left the company by now';
    elsif now_role <> c ->> 'role' and array_position(ranks, now_role) < array_position(ranks, c ->> 'role') then
        raise exception using errcode = 'SG004', message = 'the caller has a lesser role in the company by now';
    end if;
    return true;
end
$$;
comment on function context_holds(jsonb) is
    'Whether the caller of a request context may still act as it says: raises SG003 or SG004 if not.';

create function rights_wait() returns trigger
language plpgsql
as $$
begin
    perform pg_advisory_xact_lock(rights_key(case tg_table_name when 'api_tokens' then (to_jsonb(old) ->> 'id')::uuid
        else (to_jsonb(old) ->> 'account_id')::uuid end));
    return case when tg_op = 'DELETE' then old else new end;
end
$$;
comment on function rights_wait() is
    'Before a right is taken away: waits for the writes in flight of who has it, and keeps new ones waiting.';
create trigger company_members_wait before delete or update of role, company_id, account_id on company_members
    for each row execute function rights_wait();
create trigger api_tokens_wait before update of revoked_at on api_tokens for each row
    when (old.revoked_at is null and new.revoked_at is not null) execute function rights_wait();

create function member_json(m company_members) returns json
language sql stable
as $$
    select json_build_object('id', m.id, 'account_id', a.id, 'name', a.name, 'email', a.email, 'role', m.role,
        'joined_at', rfc3339(m.created_at), 'version', m.version)
    from accounts a where a.id = m.account_id
$$;
comment on function member_json(company_members) is 'A member as the members of its company see it.';

-- Of two changes to the members of a company the second begins when the first has ended (in_context): owners can be counted.
create function members_patch(company uuid, member uuid, body jsonb, if_match text[]) returns op_result
language plpgsql volatile
as $$
declare
    m company_members;
    document text;
begin
    select * into m from company_members where id = member and company_id = company for update;
    if not found then
        return op_problem(404, 'not_found');
    elsif not etag_matches(if_match, etag_of(json_compact(member_json(m)))) then
        return op_problem(412, 'precondition_failed');
    elsif m.role = 'owner' and body ->> 'role' <> 'owner'
        and not exists (select from company_members where company_id = company and role = 'owner' and id <> member) then
        return op_problem(409, 'last_owner');
    end if;
    update company_members set role = body ->> 'role', version = version + 1
    where id = member and role is distinct from body ->> 'role' and body ? 'role';
    select * into m from company_members where id = member;
    document := json_compact(member_json(m));
    return op_ok(200, document, etag_of(document));
end
$$;
comment on function members_patch(uuid, uuid, jsonb, text[]) is 'An owner changes a member''s role.';

create function members_delete(company uuid, member uuid, caller uuid, administers boolean, may_leave boolean, if_match text[])
returns op_result
language plpgsql volatile
as $$
declare
    m company_members;
begin
    select * into m from company_members where id = member and company_id = company for update;
    if not found then
        return op_problem(404, 'not_found');
    elsif not (case when m.account_id = caller then may_leave else administers end) then
        return op_problem(403, 'forbidden');
    elsif not etag_matches(if_match, etag_of(json_compact(member_json(m)))) then
        return op_problem(412, 'precondition_failed');
    elsif m.role = 'owner'
        and not exists (select from company_members where company_id = company and role = 'owner' and id <> member) then
        return op_problem(409, 'last_owner');
    end if;
    delete from company_members where id = member;
    if m.account_id <> caller then
        perform mail_enqueue('member_removed', m.account_id, null,
            (select jsonb_build_object('company', name) from companies where id = company));
    end if;
    return op_ok(204);
end
$$;
comment on function members_delete(uuid, uuid, uuid, boolean, boolean, text[]) is
    'An owner removes a member, or a member leaves; never the last owner. What was made for the company ends with it.';
