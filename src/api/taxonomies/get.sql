-- The terms of a taxonomy, labelled in the caller's language. No row (404) for an unknown one.
-- @read
select 200 as status, body, etag_of(body) as etag, :lang::text as language
from (select json_compact(json_build_object('name', :name::text, 'language', :lang::text,
        'items', terms)) as body
    from taxonomy_terms(:name, :lang) as terms where terms is not null) as found
