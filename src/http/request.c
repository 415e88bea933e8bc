/* Requests: reuse of their memory, their fields, and what the application may ask about them. */
#include <stdlib.h>
#include <unistd.h>

#include "internal.h"
#include "negotiate.h"

#define FREE_MAX 256 /* requests kept for reuse */

void request_link(struct http_request **list, struct http_request *request) {
    request->next = *list;
    request->link = list;
    if (request->next != NULL)
        request->next->link = &request->next;
    *list = request;
}

void request_unlink(struct http_request *request) {
    if (request->link == NULL)
        return;
    *request->link = request->next;
    if (request->next != NULL)
        request->next->link = request->link;
    request->next = NULL;
    request->link = NULL;
}

static struct http_request *take_free(struct http_server *server) {
    struct http_request *request = server->free_requests;
    if (request != NULL) {
        server->free_requests = request->next;
        server->free_count--;
        return request;
    }
    request = calloc(1, sizeof *request);
    if (request != NULL) {
        arena_init(&request->arena, server->limits.arena_max);
        buf_init(&request->body, 0);
    }
    return request;
}

static void make_id(struct http_server *server, struct http_request *request) {
    static const char hex[] = "0123456789abcdef";
    /* A bijection of a counter that starts at a random place: unique without asking the kernel for
     * randomness. */
    uint64_t x = server->id_seed + 0x9E3779B97F4A7C15u * ++server->id_count;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    x ^= x >> 31;
    for (unsigned i = 0; i < 16; i++, x >>= 4)
        request->id[i] = hex[x & 15];
    request->id[16] = '\0';
    request->id_len = 16;
}

struct http_request *request_create(struct http_connection *connection, const char *target) {
    struct http_server *server = connection->server;
    struct http_request *request = take_free(server);
    if (request == NULL)
        return NULL;
    struct str text = str_of(target);
    char *copy = arena_strdup(&request->arena, text);
    if (copy ==
        NULL) { /* longer than the arena allows: the guard will see an empty one and refuse */
        text = STR_NONE;
    }
    request->server = server;
    request->connection = connection;
    request->state = REQUEST_HEAD;
    request->next = NULL;
    request->link = NULL;
    request->target = str_from(copy, text.len);
    request->path = request->query = STR_NONE;
    request->method = HTTP_METHOD_OTHER;
    memset(&request->headers, 0, sizeof request->headers);
    request->content_length = 0;
    request->http_1_0 = request->has_body = request->body_wanted = request->body_complete = false;
    request->suspended = request->in_handler = request->refused = request->paused = false;
    request->body_held = 0;
    request->body_limit = request->body_seen = request->rate_seen = request->dropped = 0;
    request->sent_bytes = 0;
    request->started_us = clock_monotonic_us();
    request->deadline_ms = loop_now_ms(server->loop) + server->limits.request_deadline_ms;
    request->client_known = false;
    request->client_text[0] = '\0';
    request->context = NULL;
    request->operation = NULL;
    request->fields_count = 0;
    request->reply.status = 0;
    request->reply.close = false;
    request->reply.release = NULL;
    request->reply.body_fd = 0;
    request->reply.source = NULL;
    request->reply.kept = NULL;
    request->coded = NULL;
    make_id(server, request);
    connection->request = request;
    server->active++;
    metrics_active(server);
    return request;
}

void request_finish(struct http_request *request) {
    struct http_server *server = request->server;
    request_unlink(request);
    if (request->reply.release != NULL)
        request->reply.release(request->reply.owner);
    if (request->reply.body_fd > 0)
        (void)close(request->reply.body_fd);
    free(request->coded);
    arena_reset(&request->arena);
    server->bodies_held -= request->body_held;
    if (request->body.capacity > BODY_KEEP)
        buf_deinit(&request->body);
    else
        buf_clear(&request->body);
    server->active--;
    metrics_active(server);
    request->connection->request = NULL;
    request->connection = NULL;
    if (server->free_count >= FREE_MAX) {
        arena_deinit(&request->arena);
        buf_deinit(&request->body);
        free(request);
        return;
    }
    request->next = server->free_requests;
    server->free_requests = request;
    server->free_count++;
}

void requests_free(struct http_server *server) {
    while (server->free_requests != NULL) {
        struct http_request *request = server->free_requests;
        server->free_requests = request->next;
        arena_deinit(&request->arena);
        buf_deinit(&request->body);
        free(request);
    }
    server->free_count = 0;
}

/* ---- fields ---- */

struct walk {
    struct http_request *request;
    unsigned count;
    bool sound;
};

static enum MHD_Result on_field(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_len,
                                const char *value, size_t value_len) {
    (void)kind;
    struct walk *walk = cls;
    struct str name = str_from(key, key_len);
    struct str text = str_trim(str_from(value == NULL ? "" : value, value == NULL ? 0 : value_len));
    walk->count++;
    if (!is_token(name) || !is_field_value(text))
        walk->sound = false;
    enum header header = header_find(name);
    if (header != HEADER_OTHER) {
        struct header_values *headers = &walk->request->headers;
        if (headers->count[header] == 0)
            headers->first[header] = text;
        if (headers->count[header] < UINT8_MAX)
            headers->count[header]++;
    }
    return MHD_YES;
}

bool request_read_fields(struct http_request *request, unsigned *count) {
    struct walk walk = {.request = request, .sound = true};
    (void)MHD_get_connection_values_n(request->connection->mhd, MHD_HEADER_KIND, on_field, &walk);
    *count = walk.count;
    return walk.sound;
}

struct str http_request_header(const struct http_request *request, struct str name) {
    enum header header = header_find(name);
    if (header != HEADER_OTHER)
        return request->headers.first[header];
    const char *value = NULL;
    size_t len = 0;
    if (request->connection == NULL ||
        MHD_lookup_connection_value_n(request->connection->mhd, MHD_HEADER_KIND, name.ptr, name.len,
                                      &value, &len) != MHD_YES ||
        value == NULL)
        return STR_NONE;
    return str_trim(str_from(value, len));
}

struct join {
    struct http_request *request;
    struct str name;
    struct buf text;
    bool any;
};

static enum MHD_Result on_listed(void *cls, enum MHD_ValueKind kind, const char *key,
                                 size_t key_len, const char *value, size_t value_len) {
    (void)kind;
    struct join *join = cls;
    if (!str_eq_nocase(str_from(key, key_len), join->name))
        return MHD_YES;
    if (join->any)
        buf_append(&join->text, STR(", "));
    join->any = true;
    buf_append(&join->text,
               str_trim(str_from(value == NULL ? "" : value, value == NULL ? 0 : value_len)));
    return MHD_YES;
}

struct str http_request_header_list(struct http_request *request, struct str name) {
    enum header header = header_find(name);
    if (header != HEADER_OTHER && request->headers.count[header] <= 1)
        return request->headers.first[header];
    struct join join = {.request = request, .name = name};
    buf_init(&join.text, request->server->limits.head_max);
    (void)MHD_get_connection_values_n(request->connection->mhd, MHD_HEADER_KIND, on_listed, &join);
    struct str out = STR_NONE;
    if (join.any && buf_status(&join.text) == STATUS_OK) {
        char *copy = arena_strdup(&request->arena, buf_str(&join.text));
        if (copy != NULL)
            out = str_from(copy, join.text.len);
    }
    buf_deinit(&join.text);
    return out;
}

/* ---- accessors ---- */

struct arena *http_request_arena(struct http_request *request) {
    return &request->arena;
}
enum http_method http_request_method(const struct http_request *request) { return request->method; }
struct str http_request_path(const struct http_request *request) {
    return request->path;
}
struct str http_request_query(const struct http_request *request) {
    return request->query;
}
bool http_request_has_body(const struct http_request *request) { return request->has_body; }
uint64_t http_request_content_length(const struct http_request *request) {
    return request->content_length;
}
struct str http_request_id(const struct http_request *request) {
    return str_from(request->id, request->id_len);
}
uint64_t http_request_deadline_ms(const struct http_request *request) {
    return request->deadline_ms;
}
bool http_request_client_left(const struct http_request *request) {
    return connection_left(request->connection);
}
void http_request_set_context(struct http_request *request, void *context) {
    request->context = context;
}
void *http_request_context(const struct http_request *request) { return request->context; }
const struct operation *http_request_operation(const struct http_request *request) {
    return request->operation;
}

void http_request_set_operation(struct http_request *request, const struct operation *operation) {
    request->operation = operation;
}

void http_request_add_field(struct http_request *request, const char *name, const char *value) {
    if (request->fields_count == sizeof request->fields / sizeof request->fields[0]) {
        log_error("request_fields_full", "name=%s", name);
        return;
    }
    request->fields[request->fields_count].name = name;
    request->fields[request->fields_count++].value = value;
}

enum lang http_request_lang(const struct http_request *request) {
    return negotiate_lang(request->headers.first[HEADER_ACCEPT_LANGUAGE]);
}
