-- What to show for the values of facets, in the order given.
-- @read
select (select coalesce(jsonb_agg(search_label(v.facet, v.value, :lang::text) order by v.n), '[]')
    from unnest(:label_facets::text[], :label_values::text[]) with ordinality as v (facet, value, n)) as labels
