/* GET /v1/jobs: open vacancies for anybody; with scope=own, a company's own in every state. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

/* The plain newest-first listing has a statement of its own, which is the cheapest of all. */
static bool filtered(const struct api_call *call) {
    for (size_t i = 0; i < call->operation->parameters_count; i++) {
        struct str name = call->operation->parameters[i].name;
        bool paging = str_eq(name, STR("limit")) || str_eq(name, STR("cursor")) ||
                      str_eq(name, STR("scope"));
        if (!paging && call->operation->parameters[i].place == IN_QUERY &&
            call->parameters.values[i].present)
            return true;
    }
    return false;
}

static void refuse_parameter(struct api_call *call, struct str name, const char *code) {
    struct parameter_violation violation = {
        .place = IN_QUERY, .name = name, .violation = {.code = code}};
    struct http_problem problem = {.code = "invalid_parameter", .parameter_violations = &violation};
    http_problem_send(call->request, &problem);
}

enum status api_jobs_list(struct api_call *call) {
    bool own = str_eq(api_parameter(call, "scope"), STR("own"));
    if (own && !api_company_unclear(call) && call->principal.company_id[0] == '\0') {
        api_problem(call, call->authenticated ? "forbidden" : "unauthorized");
        return STATUS_OK;
    }
    if (own && api_company_unclear(call))
        return api_company_required(call);
    if (own)
        return api_submit(call, &stmt_jobs_list_own);
    for (size_t i = 0; i < call->operation->parameters_count; i++)
        if (str_eq(call->operation->parameters[i].name, STR("status")) &&
            call->parameters.values[i].present) {
            refuse_parameter(call, STR("status"), "unknown_parameter");
            return STATUS_OK;
        }
    return api_submit(call, filtered(call) ? &stmt_jobs_list_filtered : &stmt_jobs_list);
}
