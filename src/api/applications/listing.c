/* Who gets which listing of applications, in which form. */
#include "listing.h"

#include "generated/statements.h"

static enum listing_form form_wanted(const struct api_call *call) {
    static const struct str types[] = {STR_INIT("application/json"),
                                       STR_INIT("application/x-ndjson"), STR_INIT("text/csv")};
    int best = http_negotiate_type(http_request_header_list(call->request, STR("Accept")), types,
                                   3);
    return best == 1 ? LISTING_NDJSON : best == 2 ? LISTING_CSV : LISTING_PAGE;
}

/* The first parameter given that is a company's search, not a candidate's list. */
static struct str not_taken(const struct api_call *call) {
    static const char *const of_own[] = {"job_id", "limit", "cursor",
                                         "status", "since", "purge_before"};
    for (size_t i = 0; i < call->operation->parameters_count; i++) {
        struct str name = call->operation->parameters[i].name;
        bool known = call->operation->parameters[i].place == IN_HEADER ||
                     !call->parameters.values[i].present;
        for (size_t k = 0; k < sizeof of_own / sizeof of_own[0]; k++)
            known = known || str_eq(name, str_of(of_own[k]));
        if (!known)
            return name;
    }
    return STR_NONE;
}

enum status listing_answer(struct api_call *call, const struct db_statement *own) {
    enum listing_form form = form_wanted(call);
    if (call->principal.kind == PRINCIPAL_COMPANY)
        return form == LISTING_PAGE ? api_submit(call, &stmt_applications_view_list)
                                    : export_begin(call, form, NULL);
    struct str other = not_taken(call);
    if (!str_is_none(other)) {
        struct parameter_violation violation = {
            .place = IN_QUERY, .name = other, .violation = {.code = "unknown_parameter"}};
        struct http_problem problem = {.code = "invalid_parameter",
                                       .parameter_violations = &violation};
        http_problem_send(call->request, &problem);
    } else if (form == LISTING_CSV) {
        api_problem(call, "not_acceptable");
    } else {
        return form == LISTING_PAGE ? api_submit(call, own) : export_begin(call, form, own);
    }
    return STATUS_OK;
}
