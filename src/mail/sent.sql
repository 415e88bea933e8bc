-- The mail server has taken the message.
-- @write
select mail_sent(:message_id::uuid, :lease::uuid) as out_ok
