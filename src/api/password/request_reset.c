/* POST /v1/password/reset-requests: a message with a link, if the address has an account. Nothing
 * here or in the statement depends on whether it has. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_password_request_reset(struct api_call *call) {
    api_bind(call, "email", api_body_text(call, "email", NULL));
    enum status status = api_link_prepare(call, "password_reset");
    return status != STATUS_OK ? status : api_submit(call, &stmt_password_request_reset);
}
