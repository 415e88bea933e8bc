/* GET /v1/candidates: those who let verified companies see them; that one did is recorded. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_candidates_list(struct api_call *call) {
    return api_submit(call, &stmt_candidates_list);
}
