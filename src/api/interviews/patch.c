/* PATCH /v1/applications/{application_id}/interviews/{interview_id}: the candidate accepts or
 * declines, the company cancels. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_interviews_patch(struct api_call *call) {
    return api_submit(call, &stmt_interviews_patch);
}
