-- This instance runs and knows these master keys.
-- @write
select instance_seen(:instance::uuid, :host, :key_source, :key_ids::text[], :key_current)
