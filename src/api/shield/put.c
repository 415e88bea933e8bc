/* PUT /v1/me/employer-shield: replaces the list of companies that never see the candidate. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_shield_put(struct api_call *call) { return api_submit(call, &stmt_shield_put); }
