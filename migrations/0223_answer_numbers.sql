-- answer=years:>=05: PostgreSQL 16 and later refuse a number of a JSON path that begins with a needless zero.

create or replace function application_answer_path(asked jsonb) returns text
language sql immutable parallel safe
as $$
    select format('$[*] ? (@.question_id == %s).value ? (@ %s %s)', to_jsonb(asked ->> 'id'), asked ->> 'comparison',
        case when application_is_number(asked ->> 'value') then (asked ->> 'value')::numeric::text
            else to_jsonb(asked ->> 'value')::text end)
$$;
