-- Marked words: each word of a text is looked at once, however often it is there. Of a description of 20,000 characters that is some
-- hundred in place of three thousand, each with its lexeme to find; and one of ASCII letters needs no more folding than lower().
create or replace function search_marked(source text, query jsonb, in_dictionary smallint, whole boolean) returns text
language plpgsql stable
as $$
declare
    config regconfig := (select d.config from search_dictionaries d where d.id = in_dictionary);
    lexemes text[] := array(select w -> 'lexemes' ->> in_dictionary::text from jsonb_array_elements(query -> 'terms') as t,
        jsonb_array_elements(t -> 'words') as w where not (t -> 'not')::boolean);
    prefix text := (select t ->> 'prefix' from jsonb_array_elements(query -> 'terms') as t where t ->> 'prefix' is not null);
    -- Words and what is between them, one after the other.
    runs text[] := array(select run[1] from regexp_matches(regexp_replace(source, '\s+', ' ', 'g'),
        '([[:alnum:]\u0300-\u036f]+|[^[:alnum:]\u0300-\u036f]+)', 'g') with ordinality as r (run, n) order by n);
    marked text[] := array(select run from (select distinct run from unnest(runs) as run where run ~ '^[[:alnum:]]' offset 0) as words,
        lateral (select tsvector_to_array(to_tsvector(config, case when octet_length(run) = length(run) then lower(run)
            else search_fold(run) end)) as l offset 0) as stems
        where l && lexemes or exists (select from unnest(l) as lexeme where starts_with(lexeme, prefix)));
    first_hit integer := (select min(n) from unnest(runs) with ordinality as r (run, n) where run = any (marked));
    start integer;
begin
    if first_hit is null then
        return null;
    end if;
    start := case when whole then 1 else greatest(first_hit - 20, 1) end;
    return (
        select case when start > 1 then '… ' else '' end || btrim(string_agg(case when hit then '<mark>' || safe || '</mark>' else safe end, '' order by n))
            || case when not whole and start + 60 <= cardinality(runs) then ' …' else '' end
        from (select n, runs[n] = any (marked) as hit, replace(replace(replace(replace(replace(runs[n], '&', '&amp;'), '<', '&lt;'),
                '>', '&gt;'), '"', '&quot;'), '''', '&#39;') as safe
            from generate_series(start, case when whole then cardinality(runs) else least(start + 59, cardinality(runs)) end) as n) as shown
    );
end
$$;
comment on function search_marked(text, jsonb, smallint, boolean) is
    'A text as HTML, all escaped, with the words of the query in <mark>; NULL: none is in it. Of a long one thirty words around the '
    'first.';
