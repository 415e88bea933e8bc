-- The terms of a taxonomy, labelled in the caller's language. No row (404) for an unknown one.
-- offset 0: the body is made once, and not again for its entity tag.
-- @read
select 200 as status, body, etag_of(body) as etag, :lang::text as language
from (select json_compact(json_build_object('name', :name::text, 'language', :lang::text,
        'items', terms)) as body
    from taxonomy_terms(:name, :lang) as terms where terms is not null
    offset 0) as found
