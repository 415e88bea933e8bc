/* GET /v1/tokens: the caller's API tokens, without their secrets. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_tokens_list(struct api_call *call) { return api_submit(call, &stmt_tokens_list); }
