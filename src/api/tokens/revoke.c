/* DELETE /v1/tokens/{token_id}: the token is dead before the answer. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_tokens_revoke(struct api_call *call) {
    return api_submit_then(call, &stmt_tokens_revoke, api_reply_row_revoked);
}
