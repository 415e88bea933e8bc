-- A query's text as data (docs/search.md, "The query"), and what is made of it: a tsquery for each dictionary.

-- The words that a phrase or a single word folds to, each with its place and its lexeme in every dictionary in use. Stop
-- words of Italian or English are left out; their places stay counted.
create function search_query_words(source text) returns jsonb
language plpgsql stable
as $$
begin
    return (
        select coalesce(jsonb_agg(jsonb_build_object('word', w, 'offset', n - 1, 'lexemes', (
            select coalesce(jsonb_object_agg(d.id, l.lexeme) filter (where l.lexeme is not null), '{}')
            from search_dictionaries d,
                lateral (select (tsvector_to_array(to_tsvector(d.config, w)))[1] as lexeme) as l
            where d.in_use)) order by n), '[]')
        from unnest(string_to_array(source, ' ')) with ordinality as said (w, n)
        where to_tsvector('italian', w) <> '' and to_tsvector('english', w) <> ''
            and w <> all ('{piu,perche,sara,saro,sarete,avro,avra,faro,fara,staro,stara}')
    );
end
$$;

-- {"problem": code or null, "terms": [{"not", "prefix": text or null, "words": [{"word", "offset", "lexemes": {dictionary:
-- lexeme}}]}]}. A term with several words is a phrase.
create function search_query(q text) returns jsonb
language plpgsql stable
as $$
declare
    said integer := 0;
    terms jsonb := '[]';
    part text[];
    piece text;
    folded text;
    words jsonb;
    source text := translate(q, '“”«»„‟', '""""""');
    last_word text := substring(source from '[^\s"!#$%()*+,/:;<=>?\[\\\]^`{|}~]+$');
begin
    for part in select regexp_matches(source, '(-?)(?:"([^"]*)(?:"|$)|([^\s"]+))', 'g') loop
        for piece in select part[2] where part[2] is not null
            union all select regexp_split_to_table(part[3], '[!#$%()*+,/:;<=>?\[\\\]^`{|}~]+') where part[3] is not null loop
            folded := search_fold(piece);
            continue when folded = '';
            said := said + cardinality(string_to_array(folded, ' '));
            if said > 32 then
                return jsonb_build_object('problem', 'too_many_words', 'terms', '[]'::jsonb);
            end if;
            words := search_query_words(folded);
            continue when words = '[]';
            terms := terms || jsonb_build_object('not', part[1] = '-', 'prefix', null, 'words', words);
        end loop;
    end loop;
    if said = 0 or terms = '[]' then
        return jsonb_build_object('problem', case when said = 0 then 'no_words' else 'only_stop_words' end, 'terms', terms);
    end if;
    -- The last word of the query, as it was typed: neither quoted nor excluded nor part of a phrase, and not a stop word.
    folded := search_fold(last_word);
    if part[3] is not null and part[1] = '' and length(folded) >= 3 and right(folded, 1) = search_fold(right(source, 1))
       and jsonb_array_length(terms -> -1 -> 'words') = 1 and terms #>> '{-1,words,0,word}' = folded then
        terms := jsonb_set(terms, '{-1,prefix}', to_jsonb(folded));
    end if;
    return jsonb_build_object('problem', null, 'terms', terms);
end
$$;
comment on function search_query(text) is
    'A query''s words, phrases and exclusions, each word with its lexeme in every dictionary in use. Any text gives an answer.';

create function search_quoted(lexeme text) returns text
language sql immutable parallel safe
as $$ select '''' || replace(replace(lexeme, '\', '\\'), '''', '''''') || '''' $$;
comment on function search_quoted(text) is 'A lexeme as the text form of tsquery takes it, whatever is in it.';

create function search_term_tsquery(term jsonb, dictionary integer, weights text) returns text
language plpgsql immutable
as $$
declare
    w jsonb;
    lexeme text;
    said text := '';
    last_offset integer;
begin
    for w in select * from jsonb_array_elements(term -> 'words') loop
        lexeme := w -> 'lexemes' ->> dictionary::text;
        continue when lexeme is null;
        if said <> '' then
            said := said || ' <' || (w -> 'offset')::integer - last_offset || '> ';
        end if;
        said := said || search_quoted(lexeme) || ':' || weights;
        last_offset := (w -> 'offset')::integer;
    end loop;
    if said <> '' and term ->> 'prefix' is not null then
        said := '(' || said || ' | ' || search_quoted(term ->> 'prefix') || ':*' || weights || ')';
    end if;
    return nullif(said, '');
end
$$;

-- NULL: nothing of the query is left for this dictionary, which finds nothing. '': all of it is found.
create function search_tsquery(query jsonb, dictionary integer, weights text default 'ABCD') returns text
language plpgsql immutable
as $$
declare
    term jsonb;
    part text;
    parts text[] := '{}';
    wanted integer := 0;
    left_over integer := 0;
begin
    for term in select * from jsonb_array_elements(query -> 'terms') loop
        part := search_term_tsquery(term, dictionary,
            case when (term -> 'not')::boolean then 'ABCD' else weights end);
        if not (term -> 'not')::boolean then
            wanted := wanted + 1;
            left_over := left_over + (part is not null)::integer;
        end if;
        if part is not null then
            parts := parts || case when (term -> 'not')::boolean then '!(' || part || ')' else '(' || part || ')' end;
        end if;
    end loop;
    if wanted > 0 and left_over = 0 then
        return null;
    end if;
    return array_to_string(parts, ' & ');
end
$$;
comment on function search_tsquery(jsonb, integer, text) is
    'The text form of the tsquery that a search_query means in a dictionary, where words are found in fields of these weights.';

-- --- Misspelt words ------------------------------------------------------------------------------------------------------

create function search_edits(a text, b text) returns integer
language plpgsql immutable parallel safe strict
as $$
declare
    x text[] := string_to_array(a, null);
    y text[] := string_to_array(b, null);
    before_last integer[];
    last integer[];
    this integer[];
begin
    last := array(select generate_series(0, cardinality(y)));
    for i in 1 .. cardinality(x) loop
        this := array[i];
        for j in 1 .. cardinality(y) loop
            this[j + 1] := least(last[j + 1] + 1, this[j] + 1, last[j] + (x[i] <> y[j])::integer);
            if i > 1 and j > 1 and x[i] = y[j - 1] and x[i - 1] = y[j] then
                this[j + 1] := least(this[j + 1], before_last[j - 1] + 1);
            end if;
        end loop;
        before_last := last;
        last := this;
    end loop;
    return last[cardinality(y) + 1];
end
$$;
comment on function search_edits(text, text) is
    'Letters to insert, delete, replace or swap with their neighbour to make b of a (optimal string alignment).';

create function search_lexeme_count(in_dictionary smallint, wanted text) returns bigint
language plpgsql stable
set enable_bitmapscan = on
as $$
begin
    return (select count(*) from job_search s
        where s.dictionary = in_dictionary and s.words @@ search_quoted(wanted)::tsquery);
end
$$;

create function search_nearest_word(wrong text) returns text
language plpgsql stable
as $$
declare
    most integer := case when length(wrong) >= 8 then 2 when length(wrong) >= 4 then 1 else 0 end;
begin
    return (
        select word from (
            select word, edits, sum(search_lexeme_count(dictionary, lexeme)) as vacancies
            from (select k.word, k.dictionary, k.lexeme, e.edits, min(e.edits) over () as least
                from search_words k, lateral (select search_edits(wrong, k.word) as edits) as e
                where most > 0 and k.word like left(wrong, 1) || '%'
                    and length(k.word) between length(wrong) - most and length(wrong) + most and e.edits <= most) as near
            group by word, edits
        ) as counted
        where vacancies > 0 and wrong !~ '[^a-z]'
        order by edits, vacancies desc, word collate "C"
        limit 1
    );
end
$$;
comment on function search_nearest_word(text) is 'The word of published vacancies nearest to a misspelt one; NULL: none is near.';

create function search_word_known(term jsonb, word jsonb) returns boolean
language plpgsql stable
set enable_bitmapscan = on
as $$
declare
    entry record;
begin
    for entry in select key::smallint as dictionary, search_quoted(value) || case when term ->> 'prefix' = word ->> 'word'
            then ' | ' || search_quoted(term ->> 'prefix') || ':*' else '' end as query
            from jsonb_each_text(word -> 'lexemes') loop
        if exists (select from job_search s where s.dictionary = entry.dictionary and s.words @@ entry.query::tsquery) then
            return true;
        end if;
    end loop;
    return false;
end
$$;

-- In the query as it was written, each word that stands for one of `wrong` is replaced.
create function search_replace(q text, wrong text[], replacements text[]) returns text
language plpgsql immutable
as $$
begin
    return (
        select string_agg(coalesce(replacements[array_position(wrong, search_fold(run[1]))], run[1]), '' order by n)
        from regexp_matches(q, '([a-zA-Z0-9\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u036f]+|[^a-zA-Z0-9\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u036f]+)', 'g')
            with ordinality as runs (run, n)
    );
end
$$;

create function search_corrected(q text, query jsonb) returns text
language plpgsql stable
as $$
declare
    wrong text[] := '{}';
    replacements text[] := '{}';
    nearest text;
    found_word record;
begin
    for found_word in select t as term, w as word from jsonb_array_elements(query -> 'terms') as t,
            jsonb_array_elements(t -> 'words') as w where not (t -> 'not')::boolean loop
        if not search_word_known(found_word.term, found_word.word) then
            nearest := search_nearest_word(found_word.word ->> 'word');
            if nearest is null then
                return null;
            end if;
            wrong := wrong || (found_word.word ->> 'word');
            replacements := replacements || nearest;
        end if;
    end loop;
    return case when wrong <> '{}' then search_replace(q, wrong, replacements) end;
end
$$;
comment on function search_corrected(text, jsonb) is
    'The query with each word that no vacancy has replaced by the nearest that some have; NULL: there is nothing to correct.';
