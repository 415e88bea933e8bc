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
    return credentials_check_own(call, "password", ASK_PASSWORD_AND_CODE, on_right);
}
