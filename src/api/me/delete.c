/* DELETE /v1/me: deletes the account, after its password; the answer is the receipt, signed. */
#include "../credentials.h"
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/auth/receipt.h"

#include <sodium.h>

#define KEY_TEXT_SIZE (2 + 2 * RECEIPT_KEY_BYTES + 1)

/* What is signed are the members of the answer as they stand before the signature. The account is
 * gone whatever happens here. */
static void on_deleted(struct api_call *call, const struct db_result *result) {
    struct str body = db_result_get(result, "body");
    if (db_result_rows(result) == 1 && str_eq(db_result_get(result, "status"), STR("200"))) {
        struct str jws = receipt_sign(keys_current(call->keys), body, call->arena);
        if (!str_is_none(jws))
            call->tail = arena_printf(call->arena, "\"jws\":\"%.*s\"", STR_FMT(jws));
    }
    api_reply_row_revoked(call, result);
}

static enum status bind_receipt(struct api_call *call) {
    const struct key *key = keys_current(call->keys);
    const char *url = call->worker->shared->site.url;
    unsigned char public_key[RECEIPT_KEY_BYTES];
    char *text = arena_alloc(call->arena, KEY_TEXT_SIZE);
    if (text == NULL)
        return STATUS_NO_MEMORY;
    receipt_public_key(key, public_key);
    text[0] = '\\';
    text[1] = 'x';
    (void)sodium_bin2hex(text + 2, KEY_TEXT_SIZE - 2, public_key, sizeof public_key);
    api_bind(call, "signing_key", str_of(text));
    api_bind(call, "signing_key_id", str_of(key->id_text));
    api_bind(call, "issuer", url == NULL ? STR_NONE : str_of(url));
    return STATUS_OK;
}

static void on_right(struct api_call *call) {
    enum status status = bind_receipt(call);
    if (status == STATUS_OK)
        status = api_submit_then(call, &stmt_me_delete, on_deleted);
    if (status != STATUS_OK)
        api_fail(call, status);
}

enum status api_me_delete(struct api_call *call) {
    return credentials_check_own(call, "password", ASK_PASSWORD_AND_CODE, on_right);
}
