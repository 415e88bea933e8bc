/* Links sent by mail, for handlers: the hash of a new one, and of one that came back. */
#include <sodium.h>

#include "internal.h"
#include "segreteria/auth/link.h"

enum status api_link_prepare(struct api_call *call, const char *purpose) {
    const struct uuid id = uuid_v7();
    char secret[TOKEN_TEXT_SIZE];
    char *id_text = arena_alloc(call->arena, UUID_TEXT_SIZE);
    if (id_text == NULL)
        return STATUS_NO_MEMORY;
    uuid_format(&id, id_text);
    api_bind(call, "link_id", str_of(id_text));
    link_secret(call->key, str_of(purpose), &id, secret);
    enum status status = api_bind_hash(call, "link_hash", call->key, str_of(secret));
    sodium_memzero(secret, sizeof secret);
    return status;
}

enum status api_link_bind(struct api_call *call, struct str secret) {
    if (token_check(TOKEN_LINK, secret) != STATUS_OK)
        secret = STR(""); /* nothing has the hash of nothing */
    struct str hashes = token_hashes_text(call->keys, secret, call->arena);
    api_bind(call, "link_hashes", hashes);
    return str_is_none(hashes) ? STATUS_NO_MEMORY : STATUS_OK;
}
