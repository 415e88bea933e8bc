-- The token of a batch is known by all the hashes it may have: its stored one may be made anew under another master key while
-- the batch runs.

drop function jobs_batch_line(bytea, uuid, uuid, uuid, jsonb, text, jsonb);
drop function batch_token_holds(bytea, uuid);

create function batch_token_holds(hashes bytea[], company uuid) returns boolean
language plpgsql stable
as $$
begin
    return exists (
        select from (
            select account_id from api_tokens
            where token_hash = any (hashes) and company_id = company and revoked_at is null
                and (expires_at is null or expires_at > now())
            union all
            select account_id from api_tokens
            where previous_hash = any (hashes) and previous_until > now() and company_id = company and revoked_at is null
                and (expires_at is null or expires_at > now())
            union all
            select s.account_id from session_tokens k join sessions s on s.id = k.session_id
            where k.access_hash = any (hashes) and s.ended_at is null and k.access_expires_at > now()
        ) as t
        join accounts a on a.id = t.account_id and a.disabled_at is null
        join company_members m on m.account_id = a.id and m.company_id = company and m.role in ('owner', 'recruiter')
    );
end
$$;
comment on function batch_token_holds(bytea[], uuid) is
    'Whether the token that began a batch may still post vacancies of the company.';

create function jobs_batch_line(token_hashes bytea[], company uuid, account uuid, new_id uuid, body jsonb, lang text, lint jsonb)
returns op_result
language plpgsql volatile
as $$
begin
    if not batch_token_holds(token_hashes, company) then
        return op_problem(401, 'invalid_token');
    end if;
    return (
        select case when body ? 'reference'
            then jobs_put(company, body ->> 'reference', company, account, new_id, body, null, false, lang, lint)
            else jobs_create(company, account, new_id, body, lang, lint) end
    );
end
$$;
comment on function jobs_batch_line(bytea[], uuid, uuid, uuid, jsonb, text, jsonb) is
    'One line of a batch: with a reference create or replace, without one create.';
