/* Which pages may read which answers. Public reads: any page. Everything else: the configured
 * origins. Never with cookies or other credentials of the browser's own; a token in Authorization
 * is the page's own doing. */
#include "answer.h"

#define EXPOSED                                                                                    \
    "ETag, Link, Location, X-Request-Id, Idempotent-Replayed, Retry-After, "                       \
    "Content-Language, Preference-Applied, RateLimit, RateLimit-Policy"
#define REQUEST_HEADERS                                                                            \
    "Authorization, Content-Type, Accept, Accept-Language, Idempotency-Key, If-Match, "            \
    "If-None-Match, Prefer, Segreteria-Company, X-Request-Id, traceparent"
#define PREFLIGHT_SECONDS "7200" /* the longest that browsers keep */

static const char *known_origin(const struct http_request *request, struct str origin) {
    for (size_t i = 0; i < request->server->cors_origins_count; i++)
        if (str_eq(request->server->cors_origins[i], origin))
            return request->server->cors_origins[i].ptr;
    return NULL;
}

static const char *allow_of(const struct answer *answer) {
    for (size_t i = 0; i < answer->fields_count; i++)
        if (strcmp(answer->fields[i].name, "Allow") == 0)
            return answer->fields[i].value;
    return NULL;
}

/* A preflight does not say which operation will answer, so any origin is told that it may read;
 * what is not public does not name the origin in its answer and stays closed to it. */
static void preflight(struct http_request *request, struct answer *answer, const char *origin) {
    struct str method = request->headers.first[HEADER_CORS_METHOD];
    const char *allow = allow_of(answer);
    bool reads = str_eq(method, STR("GET")) || str_eq(method, STR("HEAD"));
    if (allow == NULL || answer->status >= 300 || (origin == NULL && !reads))
        return;
    answer_field(answer, "Access-Control-Allow-Origin", origin != NULL ? origin : "*");
    answer_field(answer, "Access-Control-Allow-Methods", origin != NULL ? allow : "GET, HEAD");
    answer_field(answer, "Access-Control-Allow-Headers", REQUEST_HEADERS);
    answer_field(answer, "Access-Control-Max-Age", PREFLIGHT_SECONDS);
}

bool cors_fields(struct http_request *request, struct answer *answer) {
    const struct operation *operation = request->operation;
    bool open = operation != NULL && operation->cors_public &&
                (request->method == HTTP_GET || request->method == HTTP_HEAD);
    if (open) {
        answer_field(answer, "Access-Control-Allow-Origin", "*");
        answer_field(answer, "Access-Control-Expose-Headers", EXPOSED);
        return false;
    }
    struct str origin = request->headers.first[HEADER_ORIGIN];
    const char *known = str_is_none(origin) ? NULL : known_origin(request, origin);
    if (request->method == HTTP_OPTIONS && !str_is_none(origin) &&
        request->headers.count[HEADER_CORS_METHOD] == 1) {
        preflight(request, answer, known);
        return true;
    }
    if (known != NULL) {
        answer_field(answer, "Access-Control-Allow-Origin", known);
        answer_field(answer, "Access-Control-Expose-Headers", EXPOSED);
    }
    return request->server->cors_origins_count > 0;
}
