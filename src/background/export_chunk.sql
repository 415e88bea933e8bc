-- Stores a chunk of a file. No row: another instance has taken the export over, or the account is gone.
-- @write
select true as held where export_chunk_put(:export::uuid, :lease::uuid, :chunk::integer, :data::bytea)
