/* GET /v1/me/profile/completeness: what the profile lacks, with weights. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_profile_completeness(struct api_call *call) {
    return api_submit(call, &stmt_profile_completeness);
}
