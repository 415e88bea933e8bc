/* GET /v1/me/profile: the candidate's whole profile. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_profile_get(struct api_call *call) { return api_submit(call, &stmt_profile_get); }
