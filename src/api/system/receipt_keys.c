/* GET /.well-known/jwks.json: the public keys by which receipts are verified, also those of master
 * keys that were retired since. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"
#include "segreteria/auth/receipt.h"

static struct str ring_of(const struct api_call *call) {
    struct buf out;
    buf_init(&out, 4096);
    for (size_t i = 0; i < call->keys->count; i++) {
        const struct key *key = &call->keys->list[i];
        unsigned char public_key[RECEIPT_KEY_BYTES];
        char text[RECEIPT_KEY_TEXT_SIZE];
        receipt_public_key(key, public_key);
        receipt_key_text(public_key, text);
        buf_printf(&out, "%c{\"kid\":\"%s\",\"x\":\"%s\"}", i == 0 ? '[' : ',', key->id_text, text);
    }
    buf_append_char(&out, ']');
    const char *copy = buf_status(&out) == STATUS_OK ? arena_strdup(call->arena, buf_str(&out))
                                                     : NULL;
    struct str text = copy == NULL ? STR_NONE : str_from(copy, out.len);
    buf_deinit(&out);
    return text;
}

enum status api_system_receipt_keys(struct api_call *call) {
    struct str ring = ring_of(call);
    if (str_is_none(ring))
        return STATUS_NO_MEMORY;
    api_bind(call, "ring", ring);
    return api_submit(call, &stmt_system_receipt_keys);
}
