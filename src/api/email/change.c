/* POST /v1/me/email: asks for another address, with the password: a session left open somewhere is
 * not enough. */
#include "../credentials.h"
#include "generated/api_operations.h"
#include "generated/statements.h"

static void on_verified(struct api_call *call) {
    api_bind(call, "email", api_body_text(call, "email", NULL));
    enum status status = api_link_prepare(call, "email_change");
    if (status == STATUS_OK)
        status = api_submit(call, &stmt_email_change);
    if (status != STATUS_OK)
        api_fail(call, status);
}

enum status api_email_change(struct api_call *call) {
    return credentials_check_own(call, "password", ASK_PASSWORD, on_verified);
}
