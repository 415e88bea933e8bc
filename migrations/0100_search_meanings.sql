-- Searches are planned in the server (src/search/plan), which asks for what only the data base knows: what its dictionaries make of
-- a word, and which keys a name has. search_plan() stays the definition; it plans what the server is not sure of.

create function search_meanings(words text[], cities text[], tools text[], near text, countries text[]) returns jsonb
language plpgsql stable
as $$
declare
    used jsonb := (select jsonb_agg(d.id order by d.id) from search_dictionaries d where d.in_use);
begin
    return jsonb_build_object(
        'words', (select coalesce(jsonb_object_agg(w, jsonb_build_object('in', used) || case when said = '[]' then '{"dropped": true}'
                else jsonb_build_object('lexemes', said #> '{0,lexemes}') end), '{}')
            from unnest(words) as w, lateral (select search_query_words(w) as said offset 0) as s),
        'cities', (select coalesce(jsonb_object_agg(c, to_jsonb(search_city_keys(array[c]))), '{}') from unnest(cities) as c),
        'tools', (select coalesce(jsonb_object_agg(t, search_tool_key(t)), '{}') from unnest(tools) as t),
        'near', case when near is not null then search_near(near, countries) end,
        'folds', lower('ABCDEFGHIJKLMNOPQRSTUVWXYZ') = 'abcdefghijklmnopqrstuvwxyz');
end
$$;
comment on function search_meanings(text[], text[], text[], text, text[]) is
    'What folded words are in each dictionary in use, the keys of towns and tools, and the place that is meant. folds: lower() does '
    'to ASCII what the server takes for granted (not so in Turkish).';
