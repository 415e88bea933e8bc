-- E-mail: messages wait in the outbox, and links that are sent by mail are single-use secrets. Neither table holds a secret:
-- a link's is derived by the server from the master key when the message is written, and kept here as a hash.

alter table accounts add column lang text not null default 'en',
    add column email_verified_at timestamptz,
    add constraint accounts_lang_known check (lang in ('en', 'it'));
comment on column accounts.lang is 'The language it is written to in; at registration the one of Accept-Language.';
comment on column accounts.email_verified_at is
    'When a link sent to the address was used; NULL: nobody has shown yet that mail to it arrives.';

create table outbox (
    id          uuid primary key default uuid_v7(),
    message_key text,
    template    text not null,
    account_id  uuid references accounts (id) on delete set null,
    to_address  text,
    lang        text not null,
    params      jsonb not null default '{}',
    state       text not null default 'queued',
    attempts    integer not null default 0,
    due_at      timestamptz not null default now(),
    lease       uuid,
    last_error  text,
    created_at  timestamptz not null default now(),
    ended_at    timestamptz,
    constraint outbox_message_key_once unique (message_key),
    constraint outbox_template_form check (template ~ '^[a-z_]{1,50}$'),
    constraint outbox_lang_known check (lang in ('en', 'it')),
    constraint outbox_state_known check (state in ('queued', 'leased', 'handed', 'sent', 'dead')),
    constraint outbox_sent_is_wiped check (state <> 'sent' or (to_address is null and params = '{}')),
    constraint outbox_error_short check (length(last_error) <= 200)
);
create index outbox_due on outbox (due_at) where state in ('queued', 'leased', 'handed');
create index outbox_ended on outbox (ended_at) where ended_at is not null;
create index outbox_account on outbox (account_id, template, created_at);
comment on table outbox is 'Messages to send, sent lately, or given up. A message''s id is its Message-ID, for ever.';
comment on column outbox.message_key is 'Makes a message unique for its cause: a second with the same key is not queued.';
comment on column outbox.account_id is 'Whom it is for; NULL: nobody who has an account.';
comment on column outbox.params is 'What the template needs; never a secret. {link_id}: the link whose secret the message names.';
comment on column outbox.state is
    'queued; leased: an instance prepares it; handed: its text may have reached a mail server, so it is never sent again by '
    'itself; sent; dead: given up, an operator decides.';
comment on column outbox.due_at is 'queued: when to send it next. leased and handed: when its instance is taken for gone.';
comment on column outbox.lease is 'Which attempt holds it: an instance whose lease was taken over may not go on.';

create table link_tokens (
    id         uuid primary key,
    purpose    text not null,
    account_id uuid references accounts (id) on delete cascade,
    email      text,
    token_hash bytea not null unique,
    payload    jsonb not null default '{}',
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at    timestamptz,
    constraint link_tokens_purpose_known check (purpose in ('verify_email', 'password_reset', 'invitation', 'email_change')),
    constraint link_tokens_hash_size check (octet_length(token_hash) = 32)
);
create index link_tokens_account on link_tokens (account_id, purpose);
create index link_tokens_expires on link_tokens (expires_at);
comment on table link_tokens is 'Links sent by e-mail: each works once, for its purpose, until it expires.';
comment on column link_tokens.email is 'The address it was sent to, where that is not the account''s.';
comment on column link_tokens.payload is 'What its purpose needs besides; never a secret.';

create function mail_notify() returns trigger
language plpgsql
as $$
begin
    perform pg_notify('segreteria_mail', '');
    return null;
end
$$;
create trigger outbox_notify after insert on outbox for each statement execute function mail_notify();
comment on function mail_notify() is 'NOTIFY segreteria_mail: there is something to send.';

create function mail_enqueue(template text, account uuid, to_address text, params jsonb default '{}',
                             message_key text default null) returns void
language sql volatile
as $$
    insert into outbox (template, account_id, to_address, lang, params, message_key)
    select mail_enqueue.template, account, coalesce(mail_enqueue.to_address, a.email),
        case when params ->> 'lang' in ('en', 'it') then params ->> 'lang' else coalesce(a.lang, 'en') end,
        coalesce(params, '{}') - 'lang', mail_enqueue.message_key
    from (select) as one left join accounts a on a.id = account
    on conflict on constraint outbox_message_key_once do nothing
$$;
comment on function mail_enqueue(text, uuid, text, jsonb, text) is
    'Queues a message in this transaction. Address NULL: the account''s. Its language: params.lang, else the account''s.';

-- A link of a purpose replaces the account's earlier ones of the same purpose.
create function link_create(link uuid, hash bytea, purpose text, account uuid, email text, payload jsonb default '{}',
                            valid interval default interval '1 day') returns void
language plpgsql volatile
as $$
begin
    update link_tokens l set used_at = now()
    where l.account_id = account and l.purpose = link_create.purpose and l.used_at is null;
    insert into link_tokens (id, token_hash, purpose, account_id, email, payload, expires_at)
    values (link, hash, link_create.purpose, account, link_create.email, coalesce(link_create.payload, '{}'), now() + valid);
end
$$;
comment on function link_create(uuid, bytea, text, uuid, text, jsonb, interval) is
    'A link for a message: put {"link_id": ...} into its params. The account''s earlier ones of the purpose are void.';

create function link_find(hash bytea, purpose text) returns link_tokens
language sql volatile
as $$
    select l.* from link_tokens l
    where l.token_hash = hash and l.purpose = link_find.purpose and l.used_at is null and l.expires_at > now()
    for update
$$;
comment on function link_find(bytea, text) is
    'The link, locked, not yet used (see link_spend); NULL when there is none, it has expired or was used.';

create function link_spend(link uuid) returns void
language sql volatile
as $$ update link_tokens set used_at = now() where id = link $$;
comment on function link_spend(uuid) is 'The link has done its work and works no more.';

create function link_use(hash bytea, purpose text) returns link_tokens
language sql volatile
as $$
    update link_tokens l set used_at = now()
    where l.token_hash = hash and l.purpose = link_use.purpose and l.used_at is null and l.expires_at > now()
    returning l.*
$$;
comment on function link_use(bytea, text) is
    'Uses a link up and gives it back; NULL when there is none, it has expired or was used.';
