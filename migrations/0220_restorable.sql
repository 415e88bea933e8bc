-- A dump can be restored. pg_restore fills tables with an empty search_path, where a function that is looked up by its bare name
-- is not found. So the functions of constraints and generated columns (tools.slug, candidates_profile_minimal) are bound to what
-- they call when they are created: a body that is parsed then, not a text.

create or replace function search_slug(source text) returns text
language sql immutable parallel safe strict
return replace(search_fold(source), ' ', '_');

create or replace function profile_minimal(profile jsonb) returns boolean
language sql immutable parallel safe
return not exists (
    select from jsonb_path_query(profile, '$.** ? (@.type() == "object").keyvalue().key') as k where never_asked(k #>> '{}'));
