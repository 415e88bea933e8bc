-- Foundations: what every later migration uses. Identifiers, time, keysets, entity tags, the result row of an
-- operation, and the texts of the rules that SQL checks itself.

create type op_result as (
    status   integer,
    code     text,
    problem  jsonb,
    body     text,
    etag     text,
    location text
);
comment on type op_result is
    'What an operation answers: HTTP status; on refusal the problem code and its extra members; else the JSON body, '
    'its opaque entity tag and the path of a created resource.';

-- UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then the random bits of a version 4 with the version set to 7.
create function uuid_v7() returns uuid
language sql volatile parallel safe
as $$
    select encode(
        set_bit(set_bit(
            overlay(uuid_send(gen_random_uuid())
                placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
                from 1 for 6),
            52, 1), 53, 1), 'hex')::uuid
$$;
comment on function uuid_v7() is 'A time-ordered UUID, version 7. Handlers pass their own (:new_id); this is for event rows.';

create function utc_today() returns date
language sql stable parallel safe
as $$ select (now() at time zone 'UTC')::date $$;
comment on function utc_today() is 'Today in UTC, whatever the session time zone: a valid_through day ends with UTC''s day.';

create function rfc3339(at timestamptz) returns text
language sql stable parallel safe
as $$ select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') $$;
comment on function rfc3339(timestamptz) is 'A time as the API writes it: RFC 3339, UTC, milliseconds, Z.';

-- A keyset is '<microseconds since 1970>.<uuid>': the sort key of the last row of a page. The server signs what it
-- hands out, so the parts are trusted to be well formed. Without one, newest-first starts at the end of time.
create function keyset_text(at timestamptz, id uuid) returns text
language sql immutable parallel safe
as $$ select (extract(epoch from at) * 1000000)::bigint::text || '.' || id::text $$;

create function keyset_at(key text) returns timestamptz
language sql stable parallel safe
as $$ select coalesce(timestamptz 'epoch' + split_part(key, '.', 1)::bigint * interval '1 microsecond', 'infinity') $$;

create function keyset_id(key text) returns uuid
language sql immutable parallel safe
as $$ select coalesce(split_part(key, '.', 2)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') $$;

comment on function keyset_text(timestamptz, uuid) is 'The sort key of a row in a (time, id) listing, as text.';
comment on function keyset_at(text) is 'The time in a keyset; infinity when there is none (first page, newest first).';
comment on function keyset_id(text) is 'The id in a keyset; the greatest one when there is none.';

create function etag_matches(wanted text[], current_tag text) returns boolean
language sql immutable parallel safe
as $$ select wanted is null or (current_tag is not null and ('*' = any (wanted) or current_tag = any (wanted))) $$;
comment on function etag_matches(text[], text) is
    'If-Match (RFC 9110, 13.1.1): true without the header; * matches whatever exists; NULL tag: nothing exists.';

-- Entity tags are the MD5 of the representation: equal for every caller, new after every visible change. No secret and
-- no adversary is involved, the client can only hurt itself.
create function etag_of(document text) returns text
language sql immutable parallel safe
as $$ select md5(document) $$;

create function op_ok(status integer, body text default null, etag text default null, location text default null)
returns op_result
language sql immutable parallel safe
as $$ select row(status, null, null, body, etag, location)::op_result $$;

create function op_problem(status integer, code text, problem jsonb default null, location text default null)
returns op_result
language sql immutable parallel safe
as $$ select row(status, code, problem, null, null, location)::op_result $$;

create function op_invalid(errors jsonb) returns op_result
language sql immutable parallel safe
as $$ select row(422, 'validation_failed', jsonb_build_object('errors', errors), null, null, null)::op_result $$;

comment on function op_ok(integer, text, text, text) is 'A success as an operation''s result row.';
comment on function op_problem(integer, text, jsonb, text) is 'A refusal as an operation''s result row.';
comment on function op_invalid(jsonb) is '422 validation_failed with these errors.';

-- json keeps the order of its members where jsonb does not: bodies are built as json.
create function json_compact(document json) returns text
language sql immutable parallel safe
as $$ select json_strip_nulls(document)::text $$;
comment on function json_compact(json) is 'JSON text without null members and without spaces, members in their order.';

create table rule_texts (
    code text primary key,
    en   text not null,
    it   text not null
);
comment on table rule_texts is 'What the errors[].detail of a rule checked in SQL says, in each language of the API.';

create table constraint_rules (
    constraint_name text primary key,
    pointer         text not null,
    code            text not null references rule_texts (code)
);
comment on table constraint_rules is
    'Which JSON pointer and code a violated constraint stands for. The functions check first and report every violation; '
    'this is for what reaches a constraint nevertheless.';

create function violation(pointer text, code text) returns jsonb
language sql immutable parallel safe
as $$ select jsonb_build_object('pointer', pointer, 'code', code) $$;

create function violations(broken jsonb, lang text) returns jsonb
language plpgsql stable parallel safe
as $$
begin
    if broken = '[]' then
        return broken;
    end if;
    return (
        select jsonb_agg(v || jsonb_build_object('detail', case when lang = 'it' then t.it else t.en end) order by n)
        from jsonb_array_elements(broken) with ordinality as b (v, n)
        left join rule_texts t on t.code = v ->> 'code'
    );
end
$$;
comment on function violations(jsonb, text) is 'Adds to each {pointer, code} the detail in the language asked for.';
