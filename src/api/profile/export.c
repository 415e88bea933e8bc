/* GET /v1/me/profile/json-resume: the profile as JSON Resume has it. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_profile_export(struct api_call *call) {
    return api_submit(call, &stmt_profile_export);
}
