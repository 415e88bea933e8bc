-- A version of the processing notice; current: the newest.
-- offset 0: the body is made once, and not again for its entity tag.
-- @read
select 200 as status, body, etag_of(body) as etag
from (
    select json_compact(processing_notice_json(n)) as body
    from processing_notices n
    where n.version = case :version::text when 'current' then processing_notice_current() else :version::text end
    offset 0
) as found
