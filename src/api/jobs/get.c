/* GET /v1/jobs/{job_id}: published ones for anybody, every state for the company they belong to; as
 * JSON, or as a JobPosting of schema.org (JSON-LD). */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "posting.h"
#include "segreteria/api/call.h"

static void ask(struct api_call *call) {
    enum status status = api_company_required(call);
    if (status != STATUS_OK)
        api_fail(call, status);
}

static void on_company(struct api_call *call, const struct db_result *result) {
    const struct posting_source source = {.document = *(const struct str *)call->state,
                                          .site = call->worker->shared->site.url,
                                          .website = db_result_get(result, "website")};
    struct str body = posting_make(call->arena, &source);
    if (str_is_none(body)) {
        api_fail(call, STATUS_NO_MEMORY);
        return;
    }
    struct http_reply reply = {.status = 200,
                               .content_type = "application/ld+json",
                               .parts = {body},
                               .parts_count = 1,
                               .no_store = call->authenticated};
    http_reply_send(call->request, &reply);
}

/* The document waits in the arena until the company is known. */
static void reply_posting(struct api_call *call, const struct db_result *result) {
    struct str document = db_result_get(result, "body"), *kept;
    struct str company = db_result_get(result, "out_company_id");
    kept = arena_alloc(call->arena, sizeof *kept);
    const char *text = arena_strdup(call->arena, document);
    const char *id = arena_strdup(call->arena, company);
    enum status status = STATUS_NO_MEMORY;
    if (kept != NULL && text != NULL && id != NULL) {
        *kept = str_from(text, document.len);
        call->state = kept;
        api_bind(call, "company_id", str_from(id, company.len));
        status = api_submit_then(call, &stmt_jobs_posting_company, on_company);
    }
    if (status != STATUS_OK)
        api_fail(call, status);
}

static bool wants_posting(const struct api_call *call) {
    const struct operation *operation = call->operation;
    int type = http_negotiate_type(http_request_header_list(call->request, STR("Accept")),
                                   operation->responses_types, operation->responses_types_count);
    return type >= 0 && str_eq(operation->responses_types[type], STR("application/ld+json"));
}

static void on_row(struct api_call *call, const struct db_result *result) {
    struct str company_id = db_result_get(result, "out_company_id");
    bool own = call->principal.kind == PRINCIPAL_COMPANY && !call->principal.suspended &&
               company_id.len > 0 && str_eq(company_id, str_of(call->principal.company_id));
    bool shown = own || str_eq(db_result_get(result, "status"), STR("200"));
    if (!shown && api_company_unclear(call))
        ask(call); /* it may be a draft of one of the caller's companies */
    else if (shown && wants_posting(call))
        reply_posting(call, result);
    else if (own)
        api_reply_row_as(call, result, 200);
    else
        api_reply_row(call, result);
}

enum status api_jobs_get(struct api_call *call) {
    return api_submit_then(call, &stmt_jobs_get, on_row);
}
