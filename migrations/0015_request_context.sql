-- The request context: who asks, from where, under which request id. The server hands it to every write as one JSON text;
-- what a transaction writes about itself (the audit trail) takes it from here and from nowhere else.

create function in_context(context text) returns boolean
language plpgsql volatile
as $$
declare
    c jsonb := context::jsonb;
    account uuid := (c ->> 'account_id')::uuid;
    company uuid := (c ->> 'company_id')::uuid;
    token uuid := (c ->> 'token_id')::uuid;
    ranks constant text[] := array['viewer', 'recruiter', 'owner'];
    now_role text;
begin
    perform set_config('segreteria.context', context, true);
    if c ->> 'kind' = 'anonymous' then
        return true;
    elsif c ->> 'token_type' = 'session' then
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
    if not found or (company is not null and now_role is null) then
        raise exception using errcode = 'SG003', message = 'what let this request in is no longer valid';
    elsif now_role <> c ->> 'role' and array_position(ranks, now_role) < array_position(ranks, c ->> 'role') then
        raise exception using errcode = 'SG004', message = 'the caller has a lesser role in the company by now';
    end if;
    return true;
end
$$;
comment on function in_context(text) is
    'Runs before every write of the API, in its transaction: keeps the context (context_text) and refuses a caller whose '
    'session, token, account or membership ended (SG003) or whose role shrank (SG004) after the request was let in.';

create function context_text(name text) returns text
language sql stable parallel restricted
as $$ select nullif(current_setting('segreteria.context', true), '')::jsonb ->> name $$;
comment on function context_text(text) is
    'A member of the request context: kind, account_id, company_id, candidate_id, role, token_id, token_type (session or '
    'api), request_id, address. NULL outside a request.';
