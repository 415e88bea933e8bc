-- What can be suggested while somebody types, but for titles: kind (0 role, 1 tool, 2 place), text (a role's is told by the
-- language), its folded words, what the filter takes (a place: what near takes), and what it weighs where the index cannot
-- count it.
-- @slow
select 0 as kind, r.en as text, n.folded as key, r.code, null::bigint as weight
from roles r, lateral (select search_fold(r.en) as folded union select search_fold(r.it)
    union select search_fold(l.label) from role_labels l where l.role = r.code) as n
union all
select 1, label, search_fold(label), key, null from search_labels where kind = 'tool'
union all
select 2, coalesce(p.local_name, p.name), n.key, coalesce(p.local_name, p.name) || ' ' || coalesce(p.province, p.country),
    p.population
from place_names n join places p on p.id = n.place_id
