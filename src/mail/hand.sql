-- The mail server is ready for the message's text; false: it may not be sent any more; NULL: the lease was lost.
-- @write
select mail_hand(:message_id::uuid, :lease::uuid) as out_ok
