-- The key of a file that is about to be written. No row: another instance has taken the export over.
-- @write
select true as held where exports_begin(:export::uuid, :lease::uuid, :sealed_key::bytea)
