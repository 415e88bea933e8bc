/* POST /v1/documents/{document_id}/links: an address that gives the document once, without a token,
 * for a viewer that cannot send one. The secret is in this answer and nowhere else. */
#include <sodium.h>

#include "../internal.h"
#include "generated/api_operations.h"
#include "generated/statements.h"

static enum status bind_minutes(struct api_call *call) {
    const json_t *minutes = json_object_get(call->body, "minutes");
    struct str text = STR_NONE;
    if (json_is_integer(minutes)) {
        text = arena_printf(call->arena, "%lld", (long long)json_integer_value(minutes));
        if (str_is_none(text))
            return STATUS_NO_MEMORY;
    }
    api_bind(call, "minutes", text);
    return STATUS_OK;
}

enum status api_documents_link_create(struct api_call *call) {
    unsigned char secret[TOKEN_SECRET_BYTES];
    char text[TOKEN_TEXT_SIZE];
    api_secret(call, "document_link", secret);
    token_format(TOKEN_LINK, secret, text);
    sodium_memzero(secret, sizeof secret);
    enum status status = api_bind_hash(call, "link_hash", call->key, str_of(text));
    call->tail = arena_printf(call->arena, "\"url\":\"/v1/document-links/%s\"", text);
    sodium_memzero(text, sizeof text);
    if (status == STATUS_OK)
        status = str_is_none(call->tail) ? STATUS_NO_MEMORY : bind_minutes(call);
    return status != STATUS_OK ? status : api_submit(call, &stmt_documents_link_create);
}
