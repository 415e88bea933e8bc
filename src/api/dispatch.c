/* The steps of every request, in order: route, negotiate, authenticate, validate parameters, take
 * and validate the body, run the handler. Each step either goes on to the next or answers. Nothing
 * here knows any operation.
 */
#include "internal.h"
#include "table.h"

static struct api_call *call_of(struct http_request *request) {
    return http_request_context(request);
}

void api_problem(struct api_call *call, const char *code) {
    http_problem_simple(call->request, code);
}

void api_problem_detail(struct api_call *call, const char *code, struct str detail) {
    struct http_problem problem = {.code = code, .detail = detail};
    http_problem_send(call->request, &problem);
}

void api_violation(struct api_call *call, const char *pointer, const char *code,
                   struct str param0) {
    struct violations violations;
    violations_init(&violations, call->arena);
    violations_add(&violations, str_of(pointer), code, param0, STR_NONE);
    struct http_problem problem = {.code = "validation_failed", .body_violations = &violations};
    http_problem_send(call->request, &problem);
}

struct str api_parameter(const struct api_call *call, const char *name) {
    for (size_t i = 0; i < call->operation->parameters_count; i++)
        if (str_eq(call->operation->parameters[i].name, str_of(name)))
            return call->parameters.values[i].present ? call->parameters.values[i].text : STR_NONE;
    return STR_NONE;
}

struct str api_body_text(const struct api_call *call, const char *member, const char *sub_member) {
    const json_t *value = json_object_get(call->body, member);
    if (sub_member != NULL)
        value = json_object_get(value, sub_member);
    return json_is_string(value) ? str_from(json_string_value(value), json_string_length(value))
                                 : STR_NONE;
}

/* ---- the last step ---- */

void call_run(struct api_call *call) {
    struct str after;
    if (!cursor_read(call, &after))
        return;
    if (!str_is_none(after))
        api_bind(call, "after", after);
    else
        api_bind(call, "after", STR_NONE);
    enum status status = api_table_handler(call->worker->shared->table, call->operation)(call);
    if (status != STATUS_OK)
        api_fail(call, status);
}

/* ---- body ---- */

static void send_violations(struct api_call *call, const char *code,
                            const struct violations *violations) {
    struct http_problem problem = {.code = code, .body_violations = violations};
    http_problem_send(call->request, &problem);
}

const char *json_problem_code(const struct violations *violations) {
    const char *code = violations->first == NULL ? "" : violations->first->code;
    return strcmp(code, "nul_character") == 0 || strcmp(code, "number_range") == 0
               ? "validation_failed"
               : "invalid_json";
}

bool body_parse(struct api_call *call, struct str text, const struct schema *schema) {
    struct violations violations;
    violations_init(&violations, call->arena);
    enum status status = contract_parse_json(text, call->arena, &violations, &call->body);
    if (status == STATUS_NO_MEMORY) {
        api_fail(call, status);
    } else if (status != STATUS_OK) {
        send_violations(call, json_problem_code(&violations), &violations);
    } else if (schema != NULL && !schema_validate(schema, call->body, STR(""), &violations)) {
        api_fail(call, STATUS_NO_MEMORY);
    } else if (violations.count > 0) {
        send_violations(call, "validation_failed", &violations);
    } else {
        return true;
    }
    return false;
}

static const struct contract_body *body_type(const struct api_call *call) {
    return contract_body_find(call->operation,
                              http_request_header(call->request, STR("Content-Type")));
}

static bool body_take(struct api_call *call) {
    if (call->operation->bodies_count == 0 ||
        (call->body_text.len == 0 && !call->operation->body_required))
        return true;
    const struct contract_body *type = body_type(call);
    return body_parse(call, call->body_text, type == NULL ? NULL : type->schema);
}

void call_again(struct api_call *call) {
    if (body_take(call)) /* the handler may have changed what was parsed */
        call_run(call);
}

static void on_body(void *context, struct http_request *request, struct str body) {
    (void)context;
    struct api_call *call = call_of(request);
    call->body_text = body;
    if (body_take(call) && idempotency_prepare(call))
        call_run(call);
}

static size_t on_chunk(void *context, struct http_request *request, struct str chunk, bool last) {
    (void)context;
    struct api_call *call = call_of(request);
    return call->on_chunk(call, chunk, last);
}

/* ---- head ---- */

static struct str header_of(void *context, struct str name) {
    return http_request_header(context, name);
}

/* An operation that takes its body as it arrives may take JSON, too: that is read like any other.
 */
static bool streams(const struct api_call *call) {
    const struct contract_body *type = body_type(call);
    if (type == NULL && call->operation->bodies_count > 0)
        type = &call->operation->bodies[0];
    return call->operation->stream &&
           (type == NULL || !str_eq(type->media_type, STR("application/json")));
}

static void parameters_step(struct api_call *call) {
    if (kept_answer(call))
        return;
    struct parameter_violation *violations = NULL;
    enum status status = contract_parse_parameters(
        call->operation, &call->route, http_request_query(call->request), header_of, call->request,
        call->arena, &call->parameters, &violations);
    if (status != STATUS_OK) {
        api_fail(call, status);
        return;
    }
    if (violations != NULL) {
        struct http_problem problem = {.code = "invalid_parameter",
                                       .parameter_violations = violations};
        http_problem_send(call->request, &problem);
        return;
    }
    if (!str_is_none(api_parameter(call, "Prefer")))
        call->wanted = prefer_return(http_request_header_list(call->request, STR("Prefer")));
    call->streams = streams(call);
    if (call->streams) {
        if (idempotency_prepare(call))
            call_run(call); /* the handler asks for the body */
    } else if (http_request_has_body(call->request) || call->operation->bodies_count > 0) {
        http_request_read_body(call->request, call->operation->body_limit);
    } else if (idempotency_prepare(call)) {
        call_run(call);
    }
}

static void limit_step(struct api_call *call) {
    if (limit_pass(call))
        parameters_step(call);
}

static struct str accepted_types(struct api_call *call) {
    struct buf list;
    buf_init(&list, 1024);
    for (size_t i = 0; i < call->operation->bodies_count; i++) {
        buf_append_text(&list, i > 0 ? ", " : "");
        buf_append(&list, call->operation->bodies[i].media_type);
    }
    char *text = arena_strdup(call->arena, buf_str(&list));
    struct str out = text == NULL ? STR_NONE : str_from(text, list.len);
    buf_deinit(&list);
    return out;
}

/* 415 with what would be taken instead (RFC 9110 section 15.5.16; Accept-Patch: RFC 5789). */
static void refuse_media_type(struct api_call *call) {
    struct http_problem problem = {.code = "unsupported_media_type"};
    if (call->operation->bodies_count > 0) {
        problem.headers[0].name = call->operation->method == HTTP_PATCH  ? STR("Accept-Patch")
                                  : call->operation->method == HTTP_POST ? STR("Accept-Post")
                                                                         : STR("Accept");
        problem.headers[0].value = accepted_types(call);
        problem.headers_count = 1;
    }
    http_problem_send(call->request, &problem);
}

static bool negotiate(struct api_call *call) {
    const struct operation *operation = call->operation;
    if (operation->responses_types_count > 0 &&
        http_negotiate_type(http_request_header_list(call->request, STR("Accept")),
                            operation->responses_types, operation->responses_types_count) < 0) {
        api_problem(call, "not_acceptable");
        return false;
    }
    if (http_request_has_body(call->request) && body_type(call) == NULL) {
        refuse_media_type(call);
        return false;
    }
    return true;
}

static struct str allow_list(struct api_call *call) {
    struct buf list;
    buf_init(&list, 128);
    for (unsigned method = 0; method < HTTP_METHOD_OTHER; method++)
        if ((call->route.allowed >> method & 1u) != 0)
            buf_printf(&list, "%s%s", list.len > 0 ? ", " : "",
                       http_method_name((enum http_method)method));
    char *text = arena_strdup(call->arena, buf_str(&list));
    struct str out = text == NULL ? STR_NONE : str_from(text, list.len);
    buf_deinit(&list);
    return out;
}

static void no_operation(struct api_call *call) {
    if (call->route.allowed == 0) {
        api_problem(call, "not_found");
        return;
    }
    struct str allow = allow_list(call);
    if (http_request_method(call->request) == HTTP_OPTIONS) {
        struct http_reply reply = {.status = 204};
        http_reply_header(&reply, STR("Allow"), allow);
        http_reply_send(call->request, &reply);
        return;
    }
    struct http_problem problem = {.code = "method_not_allowed", .headers_count = 1};
    problem.headers[0].name = STR("Allow");
    problem.headers[0].value = allow;
    http_problem_send(call->request, &problem);
}

static void on_head(void *context, struct http_request *request) {
    struct api_worker *worker = context;
    struct arena *arena = http_request_arena(request);
    struct api_call *call = arena_zalloc(arena, sizeof *call);
    if (call == NULL) {
        http_problem_simple(request, "overloaded");
        return;
    }
    call->worker = worker;
    call->request = request;
    call->arena = arena;
    call->keys = atomic_load_explicit(&worker->shared->keys, memory_order_acquire);
    call->key = keys_current(call->keys);
    http_request_set_context(request, call);
    enum status status = contract_route(worker->shared->contract, http_request_method(request),
                                        http_request_path(request), arena, &call->route);
    if (status == STATUS_NO_MEMORY) {
        http_problem_simple(request, "overloaded");
    } else if (status != STATUS_OK) {
        http_problem_simple(request, "malformed_request");
    } else if (call->route.operation == NULL) {
        no_operation(call);
    } else {
        call->operation = call->route.operation;
        http_request_set_operation(request, call->operation);
        if (negotiate(call))
            authenticate(call, limit_step);
    }
}

/* The request ends without an answer of ours: nothing may call back into its memory. */
static void on_abandoned(void *context, struct http_request *request) {
    (void)context;
    struct api_call *call = call_of(request);
    if (call == NULL)
        return;
    if (call->db_lane != NULL)
        db_lane_cancel(call->db_lane, &call->db);
    password_forget(call);
    seen_forget(call);
    if (call->on_end != NULL)
        call->on_end(call);
}

void api_worker_init(struct api_worker *worker, struct api_shared *shared, struct loop *loop) {
    worker->shared = shared;
    worker->loop = loop;
    worker->application = (struct http_application){.context = worker,
                                                    .on_head = on_head,
                                                    .on_body = on_body,
                                                    .on_chunk = on_chunk,
                                                    .on_abandoned = on_abandoned};
}

bool api_worker_ready(struct api_worker *worker) {
    bool ready = db_lane_ready(worker->read) && db_lane_ready(worker->write) &&
                 db_lane_ready(worker->slow);
    if (ready != worker->was_ready) {
        if (ready)
            (void)atomic_fetch_add(&worker->shared->ready, 1);
        else
            (void)atomic_fetch_sub(&worker->shared->ready, 1);
        worker->was_ready = ready;
    }
    return atomic_load(&worker->shared->ready) == worker->shared->workers &&
           !atomic_load(&worker->shared->draining);
}
