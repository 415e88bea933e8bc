/* GET /v1/companies/{company_id}/members: for every member of the company. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_members_list(struct api_call *call) { return api_submit(call, &stmt_members_list); }
