-- Reminds companies of answers that they promised and that are due, at most :limit of them in one go.
-- @write
select applications_remind(:limit::integer) as out_count
