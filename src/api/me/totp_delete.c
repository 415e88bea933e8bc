/* DELETE /v1/me/totp: without a second factor again, after the password and a code. */
#include "../credentials.h"
#include "generated/api_operations.h"
#include "generated/statements.h"

static void on_right(struct api_call *call) {
    enum status status = api_submit(call, &stmt_me_totp_delete);
    if (status != STATUS_OK)
        api_fail(call, status);
}

enum status api_me_totp_delete(struct api_call *call) {
    return credentials_check_own(call, "password", ASK_PASSWORD_AND_CODE, on_right);
}
