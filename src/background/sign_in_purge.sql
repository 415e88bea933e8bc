-- Removes attempts to sign in that are forgotten and places not seen for long, at most :limit of each in one go.
-- @write
select sign_in_purge(:limit::integer) as out_count
