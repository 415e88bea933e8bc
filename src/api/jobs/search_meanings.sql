-- What the words and names of a search mean to the data base, as far as that is not known yet.
-- @read
select search_meanings(:words::text[], :cities::text[], :tools::text[], :place_name::text, upper(:countries::text[]::text)::text[]) as meanings
