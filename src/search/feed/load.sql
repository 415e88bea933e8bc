-- Every vacancy published in [from, until), in the order the index is built in.
-- @slow
select * from job_search_feed
where published_at >= :from::timestamptz and published_at < :until::timestamptz
order by published_at, job_id
