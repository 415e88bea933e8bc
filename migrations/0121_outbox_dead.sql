-- Messages that were given up are counted every few seconds, for the metrics.
create index outbox_dead on outbox (created_at) where state = 'dead';
