/* POST /v1/applications/{application_id}/interviews: the company proposes. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_interviews_create(struct api_call *call) {
    return api_submit(call, &stmt_interviews_create);
}
