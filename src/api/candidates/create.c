/* POST /v1/candidates: a candidate's account and profile, and a session. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "registration.h"
#include "segreteria/api/call.h"

enum status api_candidates_create(struct api_call *call) {
    return registration_run(call, NULL, &stmt_candidates_create);
}
