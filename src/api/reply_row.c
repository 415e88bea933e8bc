/* The answer a statement's row describes: status, code, problem, body, etag, location; or items and
 * next_key of a list, and its further members. */
#include "internal.h"

static void send_problem(struct api_call *call, const struct db_result *result) {
    struct str code = db_result_get(result, "code");
    struct http_problem problem = {.code = str_is_none(code) ? "internal_error" : code.ptr,
                                   .members = db_result_get(result, "problem")};
    struct str location = db_result_get(result, "location");
    /* The answer may be sent after the result is gone, and a problem has no owner: fields go to the
     * arena. */
    const char *copy = str_is_none(location) ? NULL : arena_strdup(call->arena, location);
    if (copy != NULL) {
        problem.headers[0].name = STR("Location");
        problem.headers[0].value = str_from(copy, location.len);
        problem.headers_count = 1;
    }
    http_problem_send(call->request, &problem);
}

/* {"items":[...],"next_cursor":...} and the list's further members, with the rows' bytes where
 * PostgreSQL put them. */
static bool list_parts(struct api_call *call, struct http_reply *reply, struct str items,
                       struct str next_key, struct str members) {
    reply->parts[0] = STR("{\"items\":[");
    reply->parts[1] = items;
    reply->parts[2] = STR("],\"next_cursor\":null");
    reply->parts[3] = str_is_none(members) || members.len == 0 ? STR("") : STR(",");
    reply->parts[4] = str_is_none(members) ? STR("") : members;
    reply->parts[5] = STR("}");
    reply->parts_count = 6;
    if (str_is_none(next_key))
        return true;
    struct str cursor = cursor_make(call, next_key);
    if (str_is_none(cursor))
        return false;
    struct str link = cursor_link(call, cursor);
    reply->parts[2] = arena_printf(call->arena, "],\"next_cursor\":\"%.*s\"", STR_FMT(cursor));
    if (str_is_none(link) || str_is_none(reply->parts[2]))
        return false;
    http_reply_header(reply, STR("Link"), link);
    return true;
}

/* The body with C's own members (secrets, which PostgreSQL never sees) before its closing brace. */
static void document_parts(const struct api_call *call, struct http_reply *reply, struct str body) {
    reply->parts[0] = body;
    reply->parts_count = 1;
    if (str_is_none(call->tail) || body.len < 2 || body.ptr[body.len - 1] != '}')
        return;
    reply->parts[0].len--;
    reply->parts[1] = body.len == 2 ? STR("") : STR(",");
    reply->parts[2] = call->tail;
    reply->parts[3] = STR("}");
    reply->parts_count = 4;
    reply->secret = true;
}

/* RFC 7240 section 4.2. An answer that carries a secret is always given whole. */
static void apply_preference(const struct api_call *call, struct http_reply *reply) {
    if (call->wanted == RETURN_UNSAID || (reply->status != 200 && reply->status != 201))
        return;
    if (call->wanted == RETURN_REPRESENTATION) {
        http_reply_header(reply, STR("Preference-Applied"), STR("return=representation"));
        return;
    }
    if (!str_is_none(call->tail))
        return;
    reply->parts_count = 0;
    if (reply->status == 200)
        reply->status = 204;
    http_reply_header(reply, STR("Preference-Applied"), STR("return=minimal"));
}

static int status_of(struct str text) {
    uint64_t value;
    return str_to_u64(text, 599, &value) == STATUS_OK && value >= 200 ? (int)value : 500;
}

void api_reply_row(struct api_call *call, const struct db_result *result) {
    if (db_result_rows(result) == 0) {
        api_problem(call, "not_found");
        return;
    }
    int status = status_of(db_result_get(result, "status"));
    if (status >= 400)
        send_problem(call, result);
    else
        api_reply_row_as(call, result, status);
}

void api_reply_row_revoked(struct api_call *call, const struct db_result *result) {
    auth_epochs_bump(&call->worker->shared->epochs, str_of(call->principal.account_id));
    api_reply_row(call, result);
}

void api_reply_row_all_revoked(struct api_call *call, const struct db_result *result) {
    struct str status = db_result_get(result, "status");
    if (status.len == 3 && status.ptr[0] == '2')
        auth_epochs_bump(&call->worker->shared->epochs, STR_NONE);
    api_reply_row(call, result);
}

static void send_kept(struct api_call *call, struct http_reply *reply,
                      const struct db_result *result) {
    reply->no_store = call->authenticated && call->operation->cache == CACHE_PUBLIC;
    reply->owner = db_result_retain(result);
    reply->release = db_memory_release;
    reply_send(call, reply);
}

void reply_list(struct api_call *call, const struct db_result *result, struct str next_key,
                struct str members) {
    struct http_reply reply = {.status = 200};
    if (list_parts(call, &reply, db_result_get(result, "items"), next_key, members))
        send_kept(call, &reply, result);
    else
        api_fail(call, STATUS_NO_MEMORY);
}

void reply_items(struct api_call *call, struct str items, struct str next_key, struct str members) {
    struct http_reply reply = {
        .status = 200, .no_store = call->authenticated && call->operation->cache == CACHE_PUBLIC};
    if (list_parts(call, &reply, items, next_key, members))
        reply_send(call, &reply);
    else
        api_fail(call, STATUS_NO_MEMORY);
}

void api_reply_row_as(struct api_call *call, const struct db_result *result, int status) {
    struct http_reply reply = {.status = status};
    struct str body = db_result_get(result, "body");
    if (db_result_column(result, "items") >= 0) {
        reply_list(call, result, db_result_get(result, "next_key"),
                   db_result_get(result, "members"));
        return;
    }
    if (!str_is_none(body))
        document_parts(call, &reply, body);
    reply.etag = db_result_get(result, "etag");
    struct str location = db_result_get(result, "location");
    if (!str_is_none(location))
        http_reply_header(&reply, STR("Location"), location);
    struct str language = db_result_get(result, "language");
    if (!str_is_none(language))
        http_reply_header(&reply, STR("Content-Language"), language);
    if (call->replayed)
        http_reply_header(&reply, STR("Idempotent-Replayed"), STR("true"));
    apply_preference(call, &reply);
    send_kept(call, &reply, result);
}

void api_reply_text(struct api_call *call, int status, const char *content_type, struct str body) {
    struct http_reply reply = {.status = status, .content_type = content_type};
    if (body.len > 0) {
        reply.parts[0] = body;
        reply.parts_count = 1;
    }
    http_reply_send(call->request, &reply);
}
