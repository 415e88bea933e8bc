/* DELETE /v1/companies/{company_id}/tokens/{token_id}: an owner ends a member's token; it is dead
 * before the answer. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_company_tokens_revoke(struct api_call *call) {
    return api_submit_then(call, &stmt_company_tokens_revoke, api_reply_row_all_revoked);
}
