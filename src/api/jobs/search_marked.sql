-- The vacancies that the index found, with the query's words marked. Slow where texts are long: everybody's reads would wait
-- behind it.
-- @slow
select search_page_items(:ids::uuid[], :distances::bigint[], :fields::text[], :marked::jsonb) as items
