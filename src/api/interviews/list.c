/* GET /v1/applications/{application_id}/interviews, for both sides. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_interviews_list(struct api_call *call) {
    return api_submit(call, &stmt_interviews_list);
}
