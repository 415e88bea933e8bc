/* GET /v1/applications: a candidate's own. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_applications_list(struct api_call *call) {
    return api_submit(call, &stmt_applications_list);
}
