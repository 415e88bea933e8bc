/* POST /v1/applications/{application_id}/messages/read */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_messages_read(struct api_call *call) {
    return api_submit(call, &stmt_messages_read);
}
