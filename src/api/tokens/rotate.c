/* POST /v1/tokens/{token_id}/rotate: a new secret; the old one is dead before the answer. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"
#include "token_secret.h"

enum status api_tokens_rotate(struct api_call *call) {
    enum status status = token_secret_prepare(call);
    return status != STATUS_OK ? status
                               : api_submit_then(call, &stmt_tokens_rotate, api_reply_row_revoked);
}
