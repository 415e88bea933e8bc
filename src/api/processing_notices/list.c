/* GET /v1/processing-notices: every version of the notice. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_processing_notices_list(struct api_call *call) {
    return api_submit(call, &stmt_processing_notices_list);
}
