/* GET /v1/me/totp: whether signing in asks for a code. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_me_totp_get(struct api_call *call) { return api_submit(call, &stmt_me_totp_get); }
