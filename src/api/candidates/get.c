/* GET /v1/candidates/{candidate_id}: one who lets the company see it; that it did is recorded. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_candidates_get(struct api_call *call) {
    return api_submit(call, &stmt_candidates_get);
}
