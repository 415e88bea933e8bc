/* DELETE /v1/companies/{company_id}/members/{member_id}: an owner removes a member; anybody leaves.
 * The contract names no scope because the two need different ones. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

static bool has_scope(const struct api_call *call, struct str name) {
    scope_set bit = 0;
    return contract_scope_parse(name, &bit) == STATUS_OK && (call->principal.scopes & bit) != 0;
}

enum status api_members_delete(struct api_call *call) {
    bool administers = call->principal.role == ROLE_OWNER && has_scope(call, STR("company:write"));
    api_bind(call, "administers", administers ? STR("true") : STR("false"));
    api_bind(call, "may_leave", has_scope(call, STR("profile:write")) ? STR("true") : STR("false"));
    return api_submit_then(call, &stmt_members_delete, api_reply_row_all_revoked);
}
