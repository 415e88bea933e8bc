/* DELETE /v1/me: deletes the account, after its password; the answer is the receipt. */
#include "../credentials.h"
#include "generated/api_operations.h"
#include "generated/statements.h"

static void on_right(struct api_call *call) {
    enum status status = api_submit_then(call, &stmt_me_delete, api_reply_row_revoked);
    if (status != STATUS_OK)
        api_fail(call, status);
}

enum status api_me_delete(struct api_call *call) {
    const struct credentials credentials = {
        .login = STR_NONE,
        .password = api_body_text(call, "password", NULL),
        .device = STR_NONE,
        .wrong_code = "wrong_password",
        .missing_code = "wrong_totp_code",
        .wrong_totp = "wrong_totp_code",
        .then = on_right,
    };
    return credentials_check(call, &credentials);
}
