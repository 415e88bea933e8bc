/* The request context: one JSON text that every write hands to PostgreSQL before it does anything
 * (in_context, migration 0015). There it proves that the caller may still do what it was let in
 * for, and says for the audit trail who acted, from where and in which request. */
#include "internal.h"

#define CONTEXT_MAX 2048

static void member(struct buf *json, const char *name, struct str value) {
    if (value.len == 0)
        return;
    buf_printf(json, ",\"%s\":", name);
    buf_append_json_string(json, value);
}

static struct str make(struct api_call *call) {
    const struct principal *who = &call->principal;
    struct buf json;
    buf_init(&json, CONTEXT_MAX);
    buf_printf(&json, "{\"kind\":\"%s\"", principal_kind_name(who->kind));
    member(&json, "operation", call->operation->id);
    member(&json, "account_id", str_of(who->account_id));
    member(&json, "company_id", str_of(who->company_id));
    member(&json, "candidate_id", str_of(who->candidate_id));
    member(&json, "role", str_of(company_role_name(who->role)));
    member(&json, "token_id", str_of(who->token_id));
    if (call->authenticated)
        member(&json, "token_type", who->api_token ? STR("api") : STR("session"));
    if (who->former_secret)
        buf_append_text(&json, ",\"former_secret\":true");
    if (company_meant(call))
        buf_append_text(&json, ",\"for_company\":true");
    member(&json, "request_id", http_request_id(call->request));
    member(&json, "address", http_request_client_address(call->request));
    char client[CLIENT_SUMMARY_SIZE];
    member(&json, "client",
           client_summary(http_request_header(call->request, STR("User-Agent")), client));
    buf_append_char(&json, '}');
    struct str out = STR_NONE;
    if (buf_status(&json) == STATUS_OK) {
        const char *text = arena_strdup(call->arena, buf_str(&json));
        if (text != NULL)
            out = str_from(text, json.len);
    }
    buf_deinit(&json);
    return out;
}

struct str context_of(struct api_call *call) {
    if (call->context.len == 0) /* a batch hands it over once a line */
        call->context = make(call);
    return call->context;
}
