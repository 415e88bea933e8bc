/* PATCH /v1/companies/{company_id}/members/{member_id}: another role, which counts before the
 * answer. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_members_patch(struct api_call *call) {
    return api_submit_then(call, &stmt_members_patch, api_reply_row_all_revoked);
}
