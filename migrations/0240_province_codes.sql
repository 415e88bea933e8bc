-- Two letters are the code of an Italian province before they are the name of a place: BO is Bologna, not Bo in Sierra Leone, and
-- RE Reggio Emilia, not the village of Re. Such a place is found by a longer name ("Bo SL", "Re VB"), or with another country.
create or replace function places_named(said text, in_countries text[]) returns setof places
language plpgsql stable
rows 5
as $$
declare
    wanted text := search_fold(said);
    suffix text := upper(substring(wanted from ' ([a-z]{2})$'));
    before text := substring(wanted from '^(.*) [a-z]{2}$');
begin
    if said ~ '^\s*[A-Za-z]{2}\s*$' and (in_countries is null or 'IT' = any (in_countries)) then
        return query
            select p.* from places p where p.country = 'IT' and p.province = upper(btrim(said, E' \t\n\v\f\r'))
            order by p.population desc, p.id limit 1;
        if found then
            return;
        end if;
    end if;
    return query
        select p.* from place_names n join places p on p.id = n.place_id
        where n.key = wanted and (in_countries is null or p.country = any (in_countries))
        order by p.population desc, p.id limit 50;
    if not found and suffix is not null then
        return query
            select p.* from place_names n join places p on p.id = n.place_id
            where n.key = before and (p.country = suffix or (p.country = 'IT' and p.province = suffix))
                and (in_countries is null or p.country = any (in_countries))
            order by p.population desc, p.id limit 50;
    end if;
end
$$;
