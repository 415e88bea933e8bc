/* GET /v1/tokens/{token_id}. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_tokens_get(struct api_call *call) { return api_submit(call, &stmt_tokens_get); }
