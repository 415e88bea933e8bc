/* PUT /v1/me/password: the present password, then the new one. */
#include "../credentials.h"
#include "generated/api_operations.h"
#include "generated/statements.h"

static void on_hash(struct api_call *call, struct password_job *job) {
    char *hash = arena_strdup(call->arena, str_of(job->hash));
    enum status status = STATUS_NO_MEMORY;
    if (hash != NULL) {
        api_bind(call, "password_hash", str_of(hash));
        status = api_submit_then(call, &stmt_me_password, api_reply_row_revoked);
    }
    if (status != STATUS_OK)
        api_fail(call, status);
}

/* The body goes to PostgreSQL without the passwords. */
static enum status hash_new(struct api_call *call) {
    enum status status = api_password_hash(call, api_body_text(call, "new_password", NULL),
                                           on_hash);
    if (status != STATUS_OK)
        return status;
    api_bind(call, "body",
             json_is_true(json_object_get(call->body, "revoke_tokens"))
                 ? STR("{\"revoke_tokens\":true}")
                 : STR("{\"revoke_tokens\":false}"));
    return STATUS_OK;
}

static void on_right(struct api_call *call) {
    if (!api_password_acceptable(call, "/new_password", api_body_text(call, "new_password", NULL),
                                 credentials_login(call)))
        return;
    enum status status = hash_new(call);
    if (status != STATUS_OK)
        api_fail(call, status);
}

enum status api_me_password(struct api_call *call) {
    return credentials_check_own(call, "current_password", ASK_PASSWORD, on_right);
}
