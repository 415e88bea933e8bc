/* POST /v1/applications/bulk: up to 500 moves, each with its own result. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_applications_bulk(struct api_call *call) {
    return api_submit(call, &stmt_applications_bulk);
}
