/* One line of a batch: the same validation and the same statement as a single vacancy, and its
 * result as one JSON object. */
#include "batch.h"

#include "generated/statements.h"
#include "lint_vacancy.h"

#define LINE_DEADLINE_MS 15000u

static void put_reference(struct batch_line *line) {
    if (str_is_none(line->reference))
        return;
    buf_append_text(&line->result, ",\"reference\":");
    buf_append_json_string(&line->result, line->reference);
}

static void put_problem(struct batch_line *line, int status, const struct http_problem *problem) {
    const struct api_call *call = line->batch->call;
    buf_clear(&line->result);
    buf_printf(&line->result, "{\"line\":%llu,\"status\":%d", (unsigned long long)line->number,
               status);
    put_reference(line);
    buf_append_text(&line->result, ",\"problem\":");
    http_problem_format(call->worker->shared->contract, http_request_lang(call->request), problem,
                        http_request_path(call->request), &line->result);
    buf_append_char(&line->result, '}');
    if (buf_status(&line->result) !=
        STATUS_OK) { /* too many violations to list: say the status at least */
        buf_clear(&line->result);
        buf_printf(&line->result, "{\"line\":%llu,\"status\":%d}", (unsigned long long)line->number,
                   status);
    }
    batch_line_done(line);
}

static void refuse(struct batch_line *line, const struct http_problem *problem) {
    const struct problem_type *type = contract_problem_find(
        line->batch->call->worker->shared->contract, str_of(problem->code));
    put_problem(line, type == NULL ? 500 : type->status, problem);
}

void batch_line_refuse(struct batch_line *line, const char *code,
                       const struct violations *violations) {
    struct http_problem problem = {.code = code, .body_violations = violations};
    refuse(line, &problem);
}

static void put_row(struct batch_line *line, const struct db_result *result) {
    struct str status = db_result_get(result, "status");
    uint64_t number;
    if (db_result_rows(result) == 0 || str_to_u64(status, 599, &number) != STATUS_OK) {
        batch_line_refuse(line, "internal_error", NULL);
        return;
    }
    if (number >= 400) {
        struct str code = db_result_get(result, "code");
        struct http_problem problem = {.code = str_is_none(code) ? "internal_error" : code.ptr,
                                       .members = db_result_get(result, "problem")};
        put_problem(line, (int)number, &problem);
        return;
    }
    struct str location = db_result_get(result, "location");
    struct str id = str_ends_with(location, STR("/")) ? STR_NONE : location;
    for (struct str rest = location, part; str_split(&rest, '/', &part);)
        id = part;
    buf_printf(&line->result, "{\"line\":%llu,\"status\":%llu", (unsigned long long)line->number,
               (unsigned long long)number);
    if (id.len > 0) {
        buf_printf(&line->result, ",\"id\":\"%.*s\"", STR_FMT(id));
        put_reference(line);
        buf_append_text(&line->result, ",\"location\":");
        buf_append_json_string(&line->result, location);
    } else {
        put_reference(line);
    }
    buf_append_text(&line->result, line->replayed ? ",\"replayed\":true}" : "}");
    batch_line_done(line);
}

/* ---- statements ---- */

static bool submit(struct batch_line *line, struct db_lane *lane,
                   const struct db_statement *statement, const struct str *params,
                   const struct db_idempotency *idempotency,
                   void (*on_result)(struct db_call *db, const struct db_result *result)) {
    line->db = (struct db_call){.statement = statement,
                                .params = params,
                                .idempotency = idempotency,
                                .deadline_ms = loop_now_ms(line->batch->call->worker->loop) +
                                               LINE_DEADLINE_MS,
                                .on_result = on_result};
    line->lane = lane;
    if (db_lane_submit(lane, &line->db) == STATUS_OK)
        return true;
    line->lane = NULL;
    return false;
}

static void on_stored(struct db_call *db, const struct db_result *result) {
    struct batch_line *line = (struct batch_line *)(void *)((char *)db -
                                                            offsetof(struct batch_line, db));
    line->lane = NULL;
    if (db_result_outcome(result) != DB_DONE || db_result_rows(result) == 0) {
        batch_line_refuse(line, "unavailable", NULL);
        return;
    }
    bool same = false;
    const struct batch *batch = line->batch;
    if (idempotency_match(batch->call, &line->arena, batch->key, line->number, line->text, result,
                          &same) == NULL) {
        batch_line_refuse(line, "idempotency_in_progress", NULL);
    } else if (!same) {
        batch_line_refuse(line, "idempotency_key_reused", NULL);
    } else {
        line->replayed = true;
        put_row(line, result);
    }
}

static void refused(struct batch_line *line, const struct db_result *result) {
    const char *sqlstate = db_result_sqlstate(result);
    if (strcmp(sqlstate, "SG001") == 0) {
        struct str *params = arena_array(&line->arena, 1, sizeof *params);
        if (params != NULL) {
            params[0] = line->idempotency.key_hashes;
            if (submit(line, line->batch->call->worker->read, &stmt_idempotency_read, params, NULL,
                       on_stored))
                return;
        }
        batch_line_refuse(line, "overloaded", NULL);
        return;
    }
    if (strcmp(sqlstate, "SG002") == 0) {
        batch_line_refuse(line, "idempotency_in_progress", NULL);
        return;
    }
    struct http_problem problem = {0};
    struct buf members;
    buf_init(&members, CONSTRAINT_MEMBERS_MAX);
    refusal_describe(line->batch->call, result, &problem, &members);
    refuse(line, &problem);
    buf_deinit(&members);
}

static void on_result(struct db_call *db, const struct db_result *result) {
    struct batch_line *line = (struct batch_line *)(void *)((char *)db -
                                                            offsetof(struct batch_line, db));
    line->lane = NULL;
    switch (db_result_outcome(result)) {
    case DB_DONE: put_row(line, result); break;
    case DB_REFUSED: refused(line, result); break;
    case DB_UNKNOWN:
    case DB_UNAVAILABLE: batch_line_refuse(line, "unavailable", NULL); break;
    case DB_TIMED_OUT: batch_line_refuse(line, "overloaded", NULL); break;
    }
}

/* A batch may go on for as long as its client sends: every line asks whether the token still holds.
 * The keys are those of now; one may have come since the batch began. */
static bool bind_token(struct batch_line *line) {
    struct api_call *call = line->batch->call;
    const struct keys *keys = atomic_load_explicit(&call->worker->shared->keys,
                                                   memory_order_acquire);
    struct str hashes = token_hashes_text(keys, bearer_token(call), &line->arena);
    api_bind(call, "token_hashes", hashes);
    return !str_is_none(hashes);
}

static bool bind_all(struct batch_line *line, const json_t *vacancy, struct str *params) {
    struct api_call *call = line->batch->call;
    struct str lint;
    struct uuid id = uuid_v7();
    char *id_text = arena_alloc(&line->arena, UUID_TEXT_SIZE);
    if (id_text == NULL || !bind_token(line) ||
        lint_vacancy_text(call, vacancy, &line->arena, &lint) != STATUS_OK)
        return false;
    api_bind(call, "lint", lint);
    uuid_format(&id, id_text);
    api_bind(call, "new_id", str_of(id_text)); /* borrowed only until params is filled */
    api_bind(call, "body", line->text);
    for (size_t i = 0; i < stmt_jobs_batch.params_count; i++)
        if (bind_value(call, stmt_jobs_batch.params[i], &params[i]) != STATUS_OK)
            return false;
    return true;
}

static bool is_keyed(const struct batch_line *line) { return !str_is_none(line->batch->key); }

void batch_line_start(struct batch_line *line) {
    line->state = LINE_RUNNING;
    if (!submit(line, line->batch->call->worker->write, &stmt_jobs_batch, line->params,
                is_keyed(line) ? &line->idempotency : NULL, on_result))
        batch_line_refuse(line, "overloaded", NULL);
}

void batch_line_run(struct batch_line *line, struct str text) {
    struct batch *batch = line->batch;
    struct violations violations;
    json_t *json = NULL;
    violations_init(&violations, &line->arena);
    if (contract_parse_json(text, &line->arena, &violations, &json) != STATUS_OK) {
        batch_line_refuse(line, json_problem_code(&violations), &violations);
        return;
    }
    /* The first line is the request itself. */
    if (line->number > 1 && !limit_line(batch->call)) {
        batch_line_refuse(line, "too_many_requests", NULL);
        return;
    }
    const json_t *reference = json_object_get(json, "reference");
    if (json_is_string(reference))
        line->reference = str_from(json_string_value(reference), json_string_length(reference));
    char *copy = arena_strdup(&line->arena, text);
    struct str *params = arena_array(&line->arena, stmt_jobs_batch.params_count, sizeof *params);
    if (copy == NULL || params == NULL || batch->schema == NULL ||
        !schema_validate(batch->schema, json, STR(""), &violations)) {
        batch_line_refuse(line, "overloaded", NULL);
        return;
    }
    if (violations.count > 0) {
        batch_line_refuse(line, "validation_failed", &violations);
        return;
    }
    line->text = str_from(copy, text.len);
    line->params = params;
    if (!bind_all(line, json, params) ||
        (is_keyed(line) && !idempotency_hash(batch->call, &line->arena, batch->key, line->number,
                                             line->text, &line->idempotency)))
        batch_line_refuse(line, "overloaded", NULL);
    else if (batch_line_must_wait(line))
        line->state = LINE_WAITING;
    else
        batch_line_start(line);
}
