-- The vacancies that the index found as they were asked for.
-- @read
select search_page_items(:ids::uuid[], :distances::bigint[], :fields::text[], null) as items
