/* POST /v1/email/verify: the link of a verification message came back. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_email_verify(struct api_call *call) {
    enum status status = api_link_bind(call, api_body_text(call, "token", NULL));
    return status != STATUS_OK ? status : api_submit(call, &stmt_email_verify);
}
