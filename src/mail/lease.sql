-- Messages to send now, at most :limit, held under :lease; and those that were given up meanwhile.
-- @write
select id, state, error, template, to_address, lang, params, link_id, purpose, link_hash
from mail_lease(:limit::integer, :lease::uuid)
