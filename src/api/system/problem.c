/* GET /problems/{code}: what a problem means and what to do about it, as a page or as JSON. */
#include "generated/api_operations.h"
#include "problem_page.h"
#include "segreteria/api/call.h"

enum status api_system_problem(struct api_call *call) {
    enum lang lang = http_request_lang(call->request);
    const struct problem_type *type = contract_problem_find(call->worker->shared->contract,
                                                            api_parameter(call, "code"));
    if (type == NULL) {
        api_problem(call, "not_found");
        return STATUS_OK;
    }
    bool html = problem_page_wanted(call);
    struct buf out;
    buf_init(&out, PROBLEM_PAGE_MAX);
    if (html) {
        problem_page_head(&out, type->title[lang], lang);
        problem_page_entry(&out, type, lang);
        buf_append_text(&out, "</main></body></html>\n");
    } else {
        problem_page_json(&out, type, lang);
    }
    problem_page_send(call, &out, html);
    return STATUS_OK;
}
