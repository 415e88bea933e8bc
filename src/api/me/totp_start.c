/* POST /v1/me/totp: a secret for an authenticator, shown once. It asks nobody for a code before one
 * of its codes has been given (totp_confirm.c): a half-made set-up keeps nobody out. */
#include "../credentials.h"
#include "../second_factor.h"
#include "generated/api_operations.h"
#include "generated/statements.h"

static void on_right(struct api_call *call) {
    enum status status = second_factor_make(call, credentials_login(call));
    if (status == STATUS_OK)
        status = api_submit(call, &stmt_me_totp_start);
    if (status != STATUS_OK)
        api_fail(call, status);
}

enum status api_me_totp_start(struct api_call *call) {
    return credentials_check_own(call, "password", ASK_PASSWORD, on_right);
}
