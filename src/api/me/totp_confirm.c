/* POST /v1/me/totp/confirm: the authenticator's first code; from then on signing in asks for one.
 * The answer has the recovery codes, once. */
#include "../second_factor.h"
#include "generated/api_operations.h"
#include "generated/statements.h"

static void on_secret(struct api_call *call, const struct db_result *result) {
    struct str sealed = db_result_get(result, "secret");
    enum status status = second_factor_make_recovery(call, sealed);
    if (status == STATUS_OK && !str_is_none(sealed))
        status = second_factor_match(call, str_of(call->principal.account_id), sealed);
    if (status == STATUS_OK || status == STATUS_MISMATCH) /* no step is bound: the function says */
        status = api_submit(call, &stmt_me_totp_confirm);
    if (status != STATUS_OK)
        api_fail(call, status);
}

enum status api_me_totp_confirm(struct api_call *call) {
    second_factor_none(call);
    return api_submit_then(call, &stmt_auth_totp_secret, on_secret);
}
