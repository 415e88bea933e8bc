/* Works out an answer: coding, entity tag, conditional requests, cache policy, Vary, security
 * fields. */
#include "answer.h"

#include <stdio.h>
#include <unistd.h>

#include "etag.h"

#define JOIN_MAX                                                                                   \
    ((size_t)32 *                                                                                  \
     1024) /* parts up to this are copied together: cheaper than a second system call */

enum {
    VARY_ENCODING = 1,
    VARY_LANGUAGE = 2,
    VARY_AUTHORIZATION = 4,
    VARY_ORIGIN = 8,
    VARY_ACCEPT = 16
};

void answer_field(struct answer *answer, const char *name, const char *value) {
    if (value == NULL || value[0] == '\0')
        return;
    if (answer->fields_count == ANSWER_FIELDS_MAX) {
        log_error("answer_fields_full", "name=%s", name);
        return;
    }
    answer->fields[answer->fields_count++] = (struct field){name, value};
}

/* The application's field; a value that would break the message is left out. */
static void own_field(struct http_request *request, struct answer *answer, struct str name,
                      struct str value) {
    if (!is_token(name) || value.len == 0)
        return;
    if (!is_field_value(value)) {
        log_error("answer_field_invalid", "name=%.*s", STR_FMT(name));
        return;
    }
    char *name_copy = arena_strdup(&request->arena, name),
         *value_copy = arena_strdup(&request->arena, value);
    if (name_copy != NULL && value_copy != NULL)
        answer_field(answer, name_copy, value_copy);
}

static bool is_read(const struct http_request *request) {
    return request->method == HTTP_GET || request->method == HTTP_HEAD;
}

static const char *content_type(const struct http_reply *reply) {
    return reply->content_type != NULL ? reply->content_type : "application/json";
}

/* ---- content ---- */

static void take_parts(struct answer *answer, const struct http_reply *reply) {
    for (size_t i = 0; i < reply->parts_count; i++)
        if (reply->parts[i].len > 0) {
            answer->parts[answer->parts_count++] = reply->parts[i];
            answer->len += reply->parts[i].len;
        }
}

static void join_parts(struct http_request *request, struct answer *answer) {
    if (answer->parts_count < 2 || answer->len > JOIN_MAX)
        return;
    char *joined = arena_alloc(&request->arena, answer->len), *p = joined;
    if (joined == NULL)
        return;
    for (size_t i = 0; i < answer->parts_count; i++) {
        memcpy(p, answer->parts[i].ptr, answer->parts[i].len);
        p += answer->parts[i].len;
    }
    answer->parts[0] = str_from(joined, answer->len);
    answer->parts_count = 1;
}

static struct fixed_content *fixed_of(struct http_request *request, const struct answer *answer) {
    if (!request->reply.fixed || answer->parts_count != 1)
        return NULL;
    return fixed_find(request->server, answer->parts[0]);
}

void http_kept_clear(struct http_kept *kept) {
    for (size_t i = 0; i < sizeof kept->coded / sizeof kept->coded[0]; i++)
        free(kept->coded[i].bytes);
    *kept = (struct http_kept){.etag = ""};
}

static bool encode_kept(struct http_request *request, struct answer *answer, enum coding coding,
                        struct http_kept *kept) {
    size_t at = (size_t)coding - (size_t)CODING_IDENTITY - 1;
    if (at >= sizeof kept->coded / sizeof kept->coded[0])
        return false;
    if (!kept->coded[at].tried) {
        kept->coded[at].tried = true;
        if (compress_parts(request->server->compressor, coding, answer->parts, answer->parts_count,
                           &kept->coded[at].bytes, &kept->coded[at].len) != STATUS_OK)
            kept->coded[at].bytes = NULL;
    }
    if (kept->coded[at].bytes == NULL)
        return false;
    answer->parts[0] = str_from(kept->coded[at].bytes, kept->coded[at].len);
    answer->parts_count = 1;
    answer->len = kept->coded[at].len;
    return true;
}

/* True when the content goes out in that coding. */
static bool encode(struct http_request *request, struct answer *answer, enum coding coding) {
    size_t len;
    struct fixed_content *fixed = fixed_of(request, answer);
    if (fixed != NULL) {
        struct str coded = fixed_coded(request->server, fixed, coding);
        if (str_is_none(coded))
            return false;
        answer->parts[0] = coded;
        answer->len = coded.len;
        return true;
    }
    struct http_kept *kept = request->reply.kept;
    if (kept != NULL)
        return encode_kept(request, answer, coding, kept);
    if (compress_parts(request->server->compressor, coding, answer->parts, answer->parts_count,
                       &request->coded, &len) != STATUS_OK)
        return false;
    answer->parts[0] = str_from(request->coded, len);
    answer->parts_count = 1;
    answer->len = len;
    return true;
}

/* ---- fields ---- */

static const char *cache_control(const struct http_request *request, unsigned status) {
    const struct operation *operation = request->operation;
    if (operation == NULL || request->reply.no_store || !is_read(request) ||
        (status != 200 && status != 304))
        return "no-store";
    return request->server->cache_control[operation->index];
}

static const char *vary_text(struct http_request *request, unsigned vary) {
    static const char *const names[] = {"Accept-Encoding", "Accept-Language", "Authorization",
                                        "Origin", "Accept"};
    if (vary == VARY_ENCODING)
        return names[0];
    char text[96];
    size_t len = 0;
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if ((vary >> i & 1u) != 0) {
            int n = snprintf(text + len, sizeof text - len, "%s%s", len > 0 ? ", " : "", names[i]);
            len += n > 0 ? (size_t)n : 0;
        }
    return len == 0 ? NULL : arena_strdup(&request->arena, str_from(text, len));
}

static unsigned vary_of_operation(const struct http_request *request) {
    const struct operation *operation = request->operation;
    unsigned vary = 0;
    if (operation == NULL)
        return 0;
    if (operation->anonymous_allowed && operation->bearer_allowed && is_read(request))
        vary |= VARY_AUTHORIZATION;
    if (operation->responses_types_count > 1)
        vary |= VARY_ACCEPT;
    return vary;
}

/* Which coding: the answer is what the client gets, or CODING_NONE for 406. */
static enum coding choose_coding(const struct http_request *request, const struct answer *answer,
                                 bool *varies) {
    const struct http_reply *reply = &request->reply;
    bool compressible = !reply->constant && !reply->secret && answer->len >= COMPRESS_MIN &&
                        answer->len <= COMPRESS_MAX && reply->body_fd <= 0 &&
                        !reply_has(reply, STR("Content-Encoding")) &&
                        compress_type(str_of(content_type(reply)));
    *varies = compressible;
    struct str accept = request->headers.count[HEADER_ACCEPT_ENCODING] > 0
                            ? http_request_header_list((struct http_request *)(uintptr_t)request,
                                                       STR("Accept-Encoding"))
                            : STR_NONE;
    enum coding coding = negotiate_coding(accept, compressible);
    return coding != CODING_IDENTITY && coding != CODING_NONE && !compressible ? CODING_NONE
                                                                               : coding;
}

/* The tag's text without coding; STR_NONE: none. */
static struct str opaque_tag(struct http_request *request, const struct answer *answer) {
    const struct http_reply *reply = &request->reply;
    if (reply->constant)
        return STR_NONE;
    if (!str_is_none(reply->etag) || reply->status != 200 || !is_read(request) ||
        reply->body_fd > 0 || reply->source != NULL)
        return reply->etag;
    const struct fixed_content *fixed = fixed_of(request, answer);
    if (fixed != NULL)
        return fixed_tag(fixed);
    if (reply->kept != NULL) {
        if (reply->kept->etag[0] == '\0')
            etag_of(request->server->etag_key, answer->parts, answer->parts_count,
                    reply->kept->etag);
        return str_of(reply->kept->etag);
    }
    char *made = arena_alloc(&request->arena, ETAG_OPAQUE_SIZE);
    if (made == NULL)
        return STR_NONE;
    etag_of(request->server->etag_key, answer->parts, answer->parts_count, made);
    return str_of(made);
}

/* Drops the content when the client has it already (RFC 9110 section 13.1.2). */
static bool not_modified(struct http_request *request, const char *tag) {
    if (tag == NULL || request->reply.status != 200 || !is_read(request) ||
        request->headers.count[HEADER_IF_NONE_MATCH] == 0)
        return false;
    return etag_list_matches(http_request_header_list(request, STR("If-None-Match")), str_of(tag));
}

static const char *quoted_tag(struct http_request *request, struct str opaque, enum coding coding) {
    if (opaque.len == 0)
        return NULL;
    size_t size = opaque.len + 16;
    char *text = arena_alloc(&request->arena, size);
    return text == NULL || etag_format(opaque, coding, text, size) == 0 ? NULL : text;
}

static void security_fields(const struct http_reply *reply, struct answer *answer) {
    answer_field(answer, "X-Content-Type-Options", "nosniff");
    if (!reply_has(reply, STR("Content-Security-Policy")))
        answer_field(answer, "Content-Security-Policy",
                     "default-src 'none'; frame-ancestors 'none'");
    answer_field(answer, "Referrer-Policy", "no-referrer");
}

/* No coding is acceptable, not even none (RFC 9110 section 12.5.3). Only of reads: what a write has
 * done is told in any case. */
static void replace_by_406(struct http_request *request) {
    struct http_reply *reply = &request->reply;
    if (reply->body_fd > 0)
        (void)close(reply->body_fd);
    if (reply->release != NULL)
        reply->release(reply->owner);
    source_over(request);
    request->state = REQUEST_WAITING;
    http_problem_simple(request, "not_acceptable");
}

static bool has_content(const struct answer *answer, const struct http_reply *reply) {
    return answer->len > 0 || reply->body_fd > 0 || reply->source != NULL;
}

void answer_build(struct http_request *request, struct answer *answer) {
    struct http_reply *reply = &request->reply;
    bool varies;
    *answer = (struct answer){.status = (unsigned)reply->status, .close = reply->close};
    take_parts(answer, reply);
    enum coding coding = choose_coding(request, answer, &varies);
    if (coding == CODING_NONE && is_read(request) && reply->status >= 200 && reply->status < 300 &&
        has_content(answer, reply)) {
        replace_by_406(request);
        *answer = (struct answer){.status = (unsigned)reply->status, .close = reply->close};
        take_parts(answer, reply);
    }
    if (coding == CODING_NONE)
        coding = CODING_IDENTITY;
    struct str opaque = opaque_tag(request, answer);
    const char *tag = quoted_tag(request, opaque, coding);
    if (not_modified(request, tag)) {
        answer->status = 304;
        answer->parts_count = 0;
        answer->len = 0;
    } else if (coding != CODING_IDENTITY && !encode(request, answer, coding)) {
        coding = CODING_IDENTITY;
        tag = quoted_tag(request, opaque, coding);
    }
    join_parts(request, answer);

    answer_field(answer, "Date", server_date(request->server));
    if (has_content(answer, reply)) {
        answer_field(answer, "Content-Type", content_type(reply));
        if (coding != CODING_IDENTITY)
            answer_field(answer, "Content-Encoding", coding_name(coding));
    }
    answer_field(answer, "Cache-Control", cache_control(request, answer->status));
    answer_field(answer, "ETag", tag);
    for (size_t i = 0; i < reply->headers_count; i++)
        own_field(request, answer, reply->headers[i].name, reply->headers[i].value);
    for (size_t i = 0; i < request->fields_count; i++)
        answer_field(answer, request->fields[i].name, request->fields[i].value);
    answer_field(answer, "X-Request-Id", request->id);
    security_fields(reply, answer);
    unsigned vary = vary_of_operation(request) | (varies ? VARY_ENCODING : 0u);
    vary |= cors_fields(request, answer) ? VARY_ORIGIN : 0u;
    vary |= reply_has(reply, STR("Content-Language")) ? VARY_LANGUAGE : 0u;
    answer_field(answer, "Vary", vary_text(request, vary));
}

static const char *reason_of(unsigned status) {
    const char *reason = MHD_get_reason_phrase_for(status);
    return reason == NULL ? "Unknown" : reason;
}

void answer_write(struct http_request *request, struct buf *out) {
    struct answer answer;
    answer_build(request, &answer);
    buf_printf(out, "HTTP/1.1 %u %s\r\nConnection: close\r\n", answer.status,
               reason_of(answer.status));
    for (size_t i = 0; i < answer.fields_count; i++)
        buf_printf(out, "%s: %s\r\n", answer.fields[i].name, answer.fields[i].value);
    buf_printf(out, "Content-Length: %zu\r\n\r\n", answer.len);
    if (request->method != HTTP_HEAD)
        for (size_t i = 0; i < answer.parts_count; i++)
            buf_append(out, answer.parts[i]);
    request->sent_bytes = answer.len;
}
