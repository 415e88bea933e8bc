/* GET /v1/jobs: open vacancies for anybody; with scope=own, a company's own in every state, by
 * those filters that are columns of its cards. */
#include "../internal.h"
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "search.h"
#include "stream.h"

#define LIMIT_DEFAULT 20

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
    static const char *const of_own[] = {"limit",
                                         "cursor",
                                         "scope",
                                         "status",
                                         "role",
                                         "country",
                                         "region",
                                         "city",
                                         "contract",
                                         "employment_type",
                                         "company_id",
                                         "work_mode",
                                         "published_since",
                                         "confidentiality_level"};
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

/* ---- the index ---- */

static void on_page(struct search *search, struct str items) {
    struct str members = search_members(search);
    if (str_is_none(members))
        api_fail(search->call, STATUS_NO_MEMORY);
    else
        reply_items(search->call, items, search_next_key(search), members);
}

static enum status answer_from_index(struct api_call *call) {
    struct search *search = arena_zalloc(call->arena, sizeof *search);
    uint64_t limit;
    struct str after;
    if (search == NULL)
        return STATUS_NO_MEMORY;
    if (str_to_u64(api_parameter(call, "limit"), SEARCH_LIMIT_MAX, &limit) != STATUS_OK)
        limit = LIMIT_DEFAULT;
    enum status status = bind_value(call, "after", &after);
    search->call = call;
    search->limit = (unsigned)limit;
    search->after_text = after;
    search->on_page = on_page;
    return status == STATUS_OK ? search_begin(search) : status;
}

/* The plain listing's rows come from PostgreSQL, how many there are from the index. */
static void on_newest(struct api_call *call, const struct db_result *result) {
    struct str members = db_result_get(result, "members");
    uint64_t count;
    if (search_count_all(call, &count))
        members = arena_printf(call->arena, "\"total\":{\"value\":%llu,\"accuracy\":\"exact\"}",
                               (unsigned long long)count);
    reply_list(call, result, db_result_get(result, "next_key"), members);
}

static enum status answer_newest(struct api_call *call) {
    api_bind(call, "counted", search_index_serves(call) ? STR("true") : STR("false"));
    return api_submit_then(call, &stmt_jobs_list, on_newest);
}

enum status api_jobs_list(struct api_call *call) {
    bool own = str_eq(api_parameter(call, "scope"), STR("own"));
    if (own && !api_company_unclear(call) && call->principal.company_id[0] == '\0') {
        api_problem(call, call->authenticated ? "forbidden" : "unauthorized");
        return STATUS_OK;
    }
    if (own && api_company_unclear(call))
        return api_company_required(call);
    if (own && call->principal.suspended)
        return api_company_suspended(call);
    struct str other = not_taken(call, own);
    if (!str_is_none(other)) {
        refuse_parameter(call, other, "unknown_parameter");
        return STATUS_OK;
    }
    bool stream = stream_wanted(call);
    if (own)
        return stream ? stream_begin(call, &stmt_jobs_list_own, false)
                      : api_submit(call, &stmt_jobs_list_own);
    if (!filtered(call) && !stream)
        return answer_newest(call);
    if (!filtered(call)) {
        api_bind(call, "counted", STR("true"));
        return stream_begin(call, &stmt_jobs_list, false);
    }
    bool by_index = search_index_serves(call);
    search_count(call, by_index);
    if (stream)
        return stream_begin(call, &stmt_jobs_search, true);
    return by_index ? answer_from_index(call) : api_submit(call, &stmt_jobs_search);
}
