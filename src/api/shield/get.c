/* GET /v1/me/employer-shield: the companies that never see the candidate. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_shield_get(struct api_call *call) { return api_submit(call, &stmt_shield_get); }
