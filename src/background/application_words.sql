-- Makes what applications are found by anew where a candidate changed, at most :limit in one go.
-- @write
select application_search_renew(:limit::integer) as out_count
