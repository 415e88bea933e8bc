/* POST /v1/password/resets: a new password, by the link of a message. Every session of the account
 * is dead before the answer. */
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

enum status api_password_reset(struct api_call *call) {
    struct str token = api_body_text(call, "token", NULL);
    if (token_check(TOKEN_LINK, token) != STATUS_OK) { /* no Argon2id for a typing error */
        api_problem(call, "invalid_link");
        return STATUS_OK;
    }
    struct str password = api_body_text(call, "password", NULL);
    if (!api_password_acceptable(call, "/password", password,
                                 STR_NONE)) /* whose it is: not known */
        return STATUS_OK;
    enum status status = api_link_bind(call, token);
    return status != STATUS_OK ? status : api_password_hash(call, password, on_hash);
}
