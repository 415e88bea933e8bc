-- The message was not taken: to be sent again later, or given up. The state it has now.
-- @write
select mail_failed(:message_id::uuid, :lease::uuid, :error, :again::boolean) as out_state
