/* PATCH /v1/me: the caller's own name or profile. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_me_patch(struct api_call *call) {
    return api_patch(call, &stmt_me_patch_read, &stmt_me_patch);
}
