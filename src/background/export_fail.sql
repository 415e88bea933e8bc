-- It did not work: later again, or not (:for_good).
-- @write
select exports_fail(:export::uuid, :lease::uuid, :for_good::boolean)
