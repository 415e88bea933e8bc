-- A profile that is saved while the chore makes words is found by them. (Applying waits for a profile that is being saved, and the
-- other way round, by the foreign key: who saves holds candidate and account FOR UPDATE.)

-- Whether nobody is changing the candidate or its address, and nobody will until this transaction ends. It does not wait: who
-- changes them holds them, and then waits for rows of application_search. The account first, as who saves a profile does.
create function candidate_held(candidate uuid) returns boolean
language plpgsql volatile
as $$
declare
    account uuid := (select d.account_id from candidates d where d.id = candidate);
begin
    if account is null then -- erased: it does not change
        return true;
    end if;
    perform from accounts n where n.id = account for share skip locked;
    if found then
        perform from candidates d where d.id = candidate for share skip locked;
    end if;
    return found;
end
$$;
comment on function candidate_held(uuid) is
    'Keeps a candidate and its address as they are until the end of the transaction; false: somebody is changing them.';

create or replace function application_search_renew(at_most integer) returns integer
language plpgsql volatile
as $$
declare
    -- Three statements, each of which sees what was committed before it. Rows first: a move that comes later waits, and changes
    -- the words that are made here. Then people: a profile saved later waits, and marks the rows again. A row that is marked
    -- already is not marked by who saves a profile, so it must not become unmarked with words of before.
    taken uuid[] := array(select application_id from application_search where stale limit at_most for update skip locked);
    held uuid[] := array(select c.id from (select distinct s.candidate_id as id from application_search s
            where s.application_id = any (taken)) as c where candidate_held(c.id));
    n integer;
begin
    update application_search s set stale = false, words = application_search_words(a)
    from applications a
    where a.id = s.application_id and s.application_id = any (taken) and (a.candidate_id is null or a.candidate_id = any (held));
    get diagnostics n = row_count;
    return n;
end
$$;
