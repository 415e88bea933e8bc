/* POST /v1/me/totp/recovery-codes: ten new ones, shown once, after the password and a code. */
#include "../credentials.h"
#include "../second_factor.h"
#include "generated/api_operations.h"
#include "generated/statements.h"

static void on_right(struct api_call *call) {
    enum status status = second_factor_make_recovery(call, credentials_totp_secret(call));
    if (status == STATUS_OK)
        status = api_submit(call, &stmt_me_totp_recovery);
    if (status != STATUS_OK)
        api_fail(call, status);
}

enum status api_me_totp_recovery(struct api_call *call) {
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
