/* POST /v1/applications/{application_id}/messages */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_messages_create(struct api_call *call) {
    return api_submit(call, &stmt_messages_create);
}
