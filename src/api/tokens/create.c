/* POST /v1/tokens: an API token, never wider than its maker. Its secret is in this answer and
 * nowhere else. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"
#include "token_secret.h"

enum status api_tokens_create(struct api_call *call) {
    enum status status = token_secret_prepare(call);
    return status != STATUS_OK ? status : api_submit(call, &stmt_tokens_create);
}
