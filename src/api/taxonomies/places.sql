-- Places of the gazetteer a name of which begins with :q, the largest first.
-- offset 0: the body is made once, and not again for its entity tag.
-- @read
select 200 as status, body, etag_of(body) as etag
from (select places_search(:q, :country::text[], :limit::integer) as body offset 0) as found
