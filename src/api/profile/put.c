/* PUT /v1/me/profile: replaces the candidate's profile. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_profile_put(struct api_call *call) { return api_submit(call, &stmt_profile_put); }
