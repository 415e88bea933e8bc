-- The file is whole. No row: another instance has taken the export over, or the account is gone.
-- @write
select true as held where exports_finish(:export::uuid, :lease::uuid, :chunks::integer, :size::bigint, :sha256::bytea)
