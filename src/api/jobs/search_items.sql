-- The vacancies that the index found as they were asked for, and what to show for the values of facets, in the order given.
-- @read
select search_page_items(:ids::uuid[], :distances::bigint[], :fields::text[], :marked::jsonb) as items,
    (select coalesce(jsonb_agg(search_label(v.facet, v.value, :lang::text) order by v.n), '[]')
        from unnest(:label_facets::text[], :label_values::text[]) with ordinality as v (facet, value, n)) as labels
