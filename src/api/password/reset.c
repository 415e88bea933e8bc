/* POST /v1/password/resets: a new password, by the link of a message. Every session of the account
 * is dead before the answer. The link is looked up first, by its keyed hash: anybody may ask, and
 * only who has one is worth an Argon2id. What is refused was refused before, in the same words; a
 * request that is sent again under its Idempotency-Key has used its link itself, and gets what is
 * kept. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

static void on_hash(struct api_call *call, struct password_job *job) {
    char *hash = arena_strdup(call->arena, str_of(job->hash));
    enum status status = STATUS_NO_MEMORY;
    if (hash != NULL) {
        api_bind(call, "password_hash", str_of(hash));
        status = api_submit_then(call, &stmt_password_reset, api_reply_row_revoked);
    }
    if (status != STATUS_OK)
        api_fail(call, status);
}

static void on_link(struct api_call *call, const struct db_result *result) {
    enum status status = str_eq(db_result_get(result, "status"), STR("200"))
                             ? api_password_hash(call, api_body_text(call, "password", NULL),
                                                 on_hash)
                             : api_refuse(call, "invalid_link");
    if (status != STATUS_OK)
        api_fail(call, status);
}

enum status api_password_reset(struct api_call *call) {
    struct str token = api_body_text(call, "token", NULL);
    if (token_check(TOKEN_LINK, token) != STATUS_OK) { /* no Argon2id for a typing error */
        api_problem(call, "invalid_link");
        return STATUS_OK;
    }
    if (!api_password_acceptable(call, "/password", api_body_text(call, "password", NULL),
                                 STR_NONE)) /* whose it is: not known */
        return STATUS_OK;
    enum status status = api_link_bind(call, token);
    return status != STATUS_OK ? status : api_submit_then(call, &stmt_password_reset_read, on_link);
}
