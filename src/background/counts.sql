-- What waits in tables, for the metrics: messages not sent yet, how long the oldest of them is overdue, messages given up.
-- @read
select (select count(*) from outbox where state in ('queued', 'leased', 'handed')) as mail_waiting,
    (select coalesce(greatest(0, extract(epoch from now() - min(due_at))), 0)::bigint from outbox
        where state in ('queued', 'leased', 'handed')) as mail_late_s,
    (select count(*) from outbox where state = 'dead') as mail_dead
