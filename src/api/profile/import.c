/* PUT /v1/me/profile/json-resume: replaces the profile by a JSON Resume document. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_profile_import(struct api_call *call) {
    return api_submit(call, &stmt_profile_import);
}
