/* GET /v1/jobs: open vacancies for anybody; with scope=own, a company's own in every state, by
 * those filters that are columns of its cards. */
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

/* The first parameter given that the list does not take: `status` is one of a company's own. */
static struct str not_taken(const struct api_call *call, bool own) {
    static const char *const of_own[] = {
        "limit",   "cursor",  "scope",     "status",    "role",
        "country", "region",  "city",      "contract",  "employment_type",
        "company_id", "work_mode", "published_since", "confidentiality_level"};
    for (size_t i = 0; i < call->operation->parameters_count; i++) {
        struct str name = call->operation->parameters[i].name;
        if (call->operation->parameters[i].place != IN_QUERY || !call->parameters.values[i].present)
            continue;
        bool known = false;
        for (size_t k = 0; k < sizeof of_own / sizeof of_own[0]; k++)
            known = known || str_eq(name, str_of(of_own[k]));
        if (own ? !known : str_eq(name, STR("status")))
            return name;
    }
    return STR_NONE;
}

enum status api_jobs_list(struct api_call *call) {
    bool own = str_eq(api_parameter(call, "scope"), STR("own"));
    if (own && call->principal.kind != PRINCIPAL_COMPANY) {
        api_problem(call, call->authenticated ? "forbidden" : "unauthorized");
        return STATUS_OK;
    }
    struct str other = not_taken(call, own);
    if (!str_is_none(other)) {
        refuse_parameter(call, other, "unknown_parameter");
        return STATUS_OK;
    }
    if (own)
        return api_submit(call, &stmt_jobs_list_own);
    return api_submit(call, filtered(call) ? &stmt_jobs_search : &stmt_jobs_list);
}
