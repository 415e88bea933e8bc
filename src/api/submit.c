/* From a statement to its result: values bound by name, the right lane, and one place where
 * failures become answers. */
#include "internal.h"
#include "segreteria/db/sqlstate.h"

void api_fail(struct api_call *call, enum status status) {
    switch (status) {
    case STATUS_BUSY:
    case STATUS_NO_MEMORY: api_problem(call, "overloaded"); break;
    case STATUS_UNAVAILABLE:
    case STATUS_TIMEOUT: api_problem(call, "unavailable"); break;
    default:
        log_error("operation_failed", "operation=%.*s status=%s request_id=%.*s",
                  STR_FMT(call->operation->id), status_name(status),
                  STR_FMT(http_request_id(call->request)));
        api_problem(call, "internal_error");
    }
}

void refusal_describe(const struct api_call *call, const struct db_result *result,
                      struct http_problem *problem, struct buf *members) {
    const char *sqlstate = db_result_sqlstate(result);
    struct db_refusal refusal = db_sqlstate_refusal(sqlstate);
    const struct db_constraint *rule = db_constraints_find(call->worker->shared->constraints,
                                                           db_result_constraint(result));
    problem->code = refusal.code;
    if (rule != NULL)
        db_constraint_members(rule, lang_tag(http_request_lang(call->request)), members);
    if (buf_status(members) == STATUS_OK)
        problem->members = buf_str(members);
    if (refusal.status == 500)
        log_error("statement_refused", "operation=%.*s sqlstate=%s constraint=%s request_id=%.*s",
                  STR_FMT(call->operation->id), sqlstate, db_result_constraint(result),
                  STR_FMT(http_request_id(call->request)));
}

/* What let the request in ended meanwhile: what is remembered of the caller is wrong. */
static bool caller_refused(struct api_call *call, const char *sqlstate) {
    bool invalid = strcmp(sqlstate, DB_SQLSTATE_CALLER_ENDED) == 0;
    bool suspended = strcmp(sqlstate, DB_SQLSTATE_COMPANY_SUSPENDED) == 0;
    if (!invalid && !suspended && strcmp(sqlstate, DB_SQLSTATE_CALLER_CHANGED) != 0)
        return false;
    auth_epochs_bump(&call->worker->shared->epochs, str_of(call->principal.account_id));
    enum status status = STATUS_OK;
    if (invalid)
        refuse_token(call);
    else if (suspended)
        status = api_company_suspended(call);
    else
        api_problem(call, "forbidden");
    if (status != STATUS_OK)
        api_fail(call, status);
    return true;
}

static void refused(struct api_call *call, const struct db_result *result) {
    const char *sqlstate = db_result_sqlstate(result);
    if (idempotency_refused(call, sqlstate) || caller_refused(call, sqlstate))
        return;
    struct http_problem problem = {0};
    struct buf members;
    buf_init(&members, CONSTRAINT_MEMBERS_MAX);
    refusal_describe(call, result, &problem, &members);
    http_problem_send(call->request, &problem);
    buf_deinit(&members);
}

static void on_result(struct db_call *db, const struct db_result *result) {
    struct api_call *call = (struct api_call *)(void *)((char *)db - offsetof(struct api_call, db));
    call->db_lane = NULL;
    switch (db_result_outcome(result)) {
    case DB_DONE: call->on_row(call, result); break;
    case DB_REFUSED: refused(call, result); break;
    case DB_UNKNOWN:
    case DB_UNAVAILABLE: api_problem(call, "unavailable"); break;
    case DB_TIMED_OUT: api_problem(call, "overloaded"); break;
    }
}

static struct db_lane *lane_for(const struct api_call *call, const struct db_statement *statement) {
    switch (statement->kind) {
    case DB_READ: return call->worker->read;
    case DB_SLOW:
    case DB_SLOW_WRITE: return call->worker->slow;
    case DB_WRITE: break;
    }
    return call->worker->write;
}

enum status api_submit_then(struct api_call *call, const struct db_statement *statement,
                            api_row_handler on_row) {
    struct str *params = arena_array(call->arena, statement->params_count + 1, sizeof *params);
    if (params == NULL)
        return STATUS_NO_MEMORY;
    int binary = 0;
    for (size_t i = 0; i < statement->params_count; i++) {
        if (bound_bytes(call, statement->params[i]))
            binary = (int)i + 1;
        enum status status = bind_value(call, statement->params[i], &params[i]);
        if (status == STATUS_INTERNAL)
            log_error("parameter_unknown", "statement=%s name=%s", statement->name,
                      statement->params[i]);
        if (status != STATUS_OK)
            return status;
    }
    bool keep = call->has_idempotency_key && statement->kind == DB_WRITE &&
                statement->idempotent_sql != NULL;
    call->on_row = on_row;
    call->db = (struct db_call){.statement = statement,
                                .params = params,
                                .binary_param = binary,
                                .idempotency = keep ? &call->idempotency : NULL,
                                .deadline_ms = http_request_deadline_ms(call->request),
                                .on_result = on_result};
    call->db_lane = lane_for(call, statement);
    enum status status = db_lane_submit(call->db_lane, &call->db);
    if (status != STATUS_OK)
        call->db_lane = NULL;
    return status;
}

enum status api_submit(struct api_call *call, const struct db_statement *statement) {
    return api_submit_then(call, statement, api_reply_row);
}
