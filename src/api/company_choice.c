/* For which company a caller acts. An API token is bound to one; a session acts for the company
 * that the path names or the field Segreteria-Company, or for the only one of its account.
 */
#include "generated/statements.h"
#include "internal.h"

#define FIELD "Segreteria-Company"

enum company_place { NOWHERE, IN_FIELD, IN_TARGET };

/* Where the operation is told; *text: what it says, STR_NONE where the field is absent. */
static enum company_place find_place(const struct api_call *call, struct str *text) {
    const struct operation *operation = call->operation;
    for (size_t i = 0; i < operation->parameters_count; i++) {
        const struct contract_parameter *parameter = &operation->parameters[i];
        if (parameter->place == IN_PATH && str_eq(parameter->name, STR("company_id"))) {
            *text = call->route.path_params[i]; /* those of the path come first */
            return IN_TARGET;
        }
        if (parameter->place == IN_HEADER && str_eq_nocase(parameter->name, STR(FIELD))) {
            *text = http_request_header(call->request, STR(FIELD));
            return IN_FIELD;
        }
    }
    return NOWHERE;
}

static bool parse_id(struct str text, char out[UUID_TEXT_SIZE]) {
    struct uuid id;
    if (uuid_parse(text, &id) != STATUS_OK)
        return false;
    uuid_format(&id, out);
    return true;
}

bool company_named(struct api_call *call) {
    struct str text;
    return find_place(call, &text) != NOWHERE && parse_id(text, call->chosen_company);
}

static void refuse_field(struct api_call *call) {
    struct parameter_violation violation = {.place = IN_HEADER,
                                            .name = STR(FIELD),
                                            .violation = {.pointer = STR(""), .code = "format"}};
    violation.violation.params[0] = STR("uuid");
    struct http_problem problem = {.code = "invalid_parameter", .parameter_violations = &violation};
    http_problem_send(call->request, &problem);
}

static void answer(struct api_call *call, enum status status) {
    if (status != STATUS_OK)
        api_fail(call, status);
}

bool company_meant(const struct api_call *call) {
    struct str text;
    return call->principal.kind == PRINCIPAL_COMPANY && !call->operation->while_suspended &&
           !call->operation->anonymous_allowed && find_place(call, &text) != NOWHERE;
}

bool company_admits(struct api_call *call) {
    const char *own = call->principal.company_id;
    bool open = call->operation->anonymous_allowed;
    struct str text = STR_NONE;
    char named[UUID_TEXT_SIZE] = "";
    enum company_place place = find_place(call, &text);
    if (place == IN_FIELD && !str_is_none(text) && !parse_id(text, named)) {
        refuse_field(call);
        return false;
    }
    if (place == IN_TARGET && !open)
        (void)parse_id(text, named); /* what is no id is told with the other parameters */
    if (named[0] != '\0' && strcmp(named, own) != 0) {
        api_problem(call, "forbidden");
        return false;
    }
    if (call->principal.suspended && company_meant(call)) {
        answer(call, api_company_suspended(call));
        return false;
    }
    if (own[0] != '\0' || place == NOWHERE || open)
        return true;
    if (place == IN_FIELD && api_company_unclear(call))
        answer(call, api_company_required(call));
    else
        api_problem(call, "forbidden");
    return false;
}

bool api_company_unclear(const struct api_call *call) {
    return call->principal.several_companies && call->principal.company_id[0] == '\0';
}

enum status api_company_required(struct api_call *call) {
    return api_submit(call, &stmt_auth_company_choice);
}

enum status api_company_suspended(struct api_call *call) {
    return api_submit(call, &stmt_auth_company_suspension);
}
