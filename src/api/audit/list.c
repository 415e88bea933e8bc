/* GET /v1/audit: who did what. Owners read what concerns their company, candidates what concerns
 * them ("who saw my data"), operators everything. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_audit_list(struct api_call *call) { return api_submit(call, &stmt_audit_list); }
