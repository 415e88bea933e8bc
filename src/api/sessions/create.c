/* POST /v1/sessions: sign-in. An unknown address and a wrong password take the same time and get
 * the same answer. */
#include "../credentials.h"
#include "generated/api_operations.h"
#include "generated/statements.h"

static void open_session(struct api_call *call) {
    enum status status = api_session_prepare(call);
    if (status == STATUS_OK)
        status = api_submit(call, &stmt_sessions_create);
    if (status != STATUS_OK)
        api_fail(call, status);
}

enum status api_sessions_create(struct api_call *call) {
    const struct credentials credentials = {
        .login = api_body_text(call, "email", NULL),
        .password = api_body_text(call, "password", NULL),
        .device = api_body_text(call, "former_refresh_token", NULL),
        .wrong_code = "invalid_credentials",
        .missing_code = "totp_required",
        .wrong_totp = "invalid_totp_code",
        .then = open_session,
    };
    return credentials_check(call, &credentials);
}
