-- It did not work; later again.
-- @write
select exports_fail(:export::uuid, :lease::uuid)
