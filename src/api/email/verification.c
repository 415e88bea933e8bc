/* POST /v1/me/email/verification: sends the message that verifies the address once more. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_email_verification(struct api_call *call) {
    enum status status = api_link_prepare(call, "verify_email");
    return status != STATUS_OK ? status : api_submit(call, &stmt_email_verification);
}
