/* The stream can only be decrypted from its beginning, so a range costs the reading of what stands
 * before it; that is not sent. Two chunks are read at a time, when the client has taken the ones
 * before.
 */
#include "download.h"

#include <stdio.h>
#include <stdlib.h>

#include "generated/statements.h"
#include "range.h"

#define CHUNKS_AT_ONCE 2 /* as in chunks.sql */
#define READ_DEADLINE_MS 15000u
#define PARAMS_MAX 4

struct download {
    struct http_source source;
    struct api_call *call;
    struct document_id id;
    const struct db_statement *chunks; /* what reads the ciphertext */
    uint64_t from, to;                 /* what is sent, both included */
    uint64_t position;                 /* of the next byte that is decrypted */
    unsigned next;                     /* chunk */
    struct document_reader reader;
    struct db_lane *lane; /* of the read in flight; NULL: none */
    struct db_call db;
    struct str params[PARAMS_MAX];
    char number[16];
    unsigned char plain[CHUNKS_AT_ONCE * DOCUMENT_CHUNK_BYTES];
};

static void on_over(struct http_source *source) {
    struct download *download = (struct download *)(void *)source; /* its first member */
    if (download->lane != NULL)
        db_lane_cancel(download->lane, &download->db);
    sodium_memzero(download, sizeof *download);
    free(download);
}

static void fail(struct download *download, const char *why) {
    log_error("document_unreadable", "document=%s why=%s request_id=%.*s", download->id.text, why,
              STR_FMT(http_request_id(download->call->request)));
    http_source_fail(&download->source);
}

static void read_on(struct download *download);

/* Of `len` bytes that were decrypted at `position`, those that are asked for. */
static void give(struct download *download, size_t len) {
    uint64_t begin = download->position, end = begin + len; /* end: not included */
    download->position = end;
    uint64_t from = download->from > begin ? download->from : begin;
    uint64_t until = download->to + 1 < end ? download->to + 1 : end;
    if (until > from)
        http_source_give(
            &download->source,
            str_from((const char *)download->plain + (from - begin), (size_t)(until - from)), NULL,
            NULL);
    else
        read_on(download);
}

static void on_chunks(struct db_call *db, const struct db_result *result) {
    struct download *download = (struct download *)(void *)((char *)db -
                                                            offsetof(struct download, db));
    size_t rows = db_result_rows(result), len = 0;
    int column = db_result_column(result, "data");
    download->lane = NULL;
    if (db_result_outcome(result) != DB_DONE) {
        fail(download, "no_answer");
        return;
    }
    for (size_t row = 0; row < rows; row++) {
        size_t more = 0;
        if (document_reader_next(&download->reader, db_result_value(result, row, column),
                                 download->plain + len, &more) != STATUS_OK) {
            fail(download, "decryption");
            return;
        }
        len += more;
    }
    download->next += (unsigned)rows;
    if (rows == 0)
        fail(download, "chunk_missing"); /* it was deleted meanwhile */
    else
        give(download, len);
}

static void read_on(struct download *download) {
    const struct db_statement *statement = download->chunks;
    (void)snprintf(download->number, sizeof download->number, "%u", download->next);
    for (size_t i = 0; i < statement->params_count; i++)
        download->params[i] = strcmp(statement->params[i], "from") == 0 ? str_of(download->number)
                                                                        : str_of(download->id.text);
    struct api_worker *worker = download->call->worker;
    download->db = (struct db_call){.statement = statement,
                                    .params = download->params,
                                    .deadline_ms = loop_now_ms(worker->loop) + READ_DEADLINE_MS,
                                    .on_result = on_chunks};
    download->lane = worker->read;
    if (db_lane_submit(worker->read, &download->db) != STATUS_OK) {
        download->lane = NULL;
        fail(download, "no_lane");
    }
}

static void on_wanted(struct http_source *source) {
    struct download *download = (struct download *)(void *)source;
    if (download->position > download->to)
        http_source_end(source);
    else
        read_on(download);
}

/* ---- the head of the answer ---- */

/* RFC 6266: an ASCII form for old clients, and the name itself in RFC 8187's form. */
static struct str disposition(struct arena *arena, struct str name) {
    struct buf out;
    buf_init(&out, 4096);
    buf_append_text(&out, "attachment; filename=\"");
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        bool plain = c >= 0x20 && c < 0x7F && c != '"' && c != '\\' && c != '%';
        if (c < 0x80 || c >= 0xC0) /* one for a character */
            buf_append_char(&out, plain ? (char)c : '_');
    }
    buf_append_text(&out, "\"; filename*=UTF-8''");
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        bool plain = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
                     (c != '\0' && strchr("!#$&+-.^_`|~", c) != NULL);
        buf_printf(&out, plain ? "%c" : "%%%02X", c);
    }
    char *copy = buf_status(&out) == STATUS_OK ? arena_strdup(arena, buf_str(&out)) : NULL;
    struct str text = copy == NULL ? STR("attachment") : str_from(copy, out.len);
    buf_deinit(&out);
    return text;
}

/* If-Range (RFC 9110 section 13.1.5): a date or another tag means the whole. */
static struct str wanted_range(const struct api_call *call, struct str etag) {
    struct str condition = http_request_header(call->request, STR("If-Range"));
    struct str range = http_request_header(call->request, STR("Range"));
    if (str_is_none(condition))
        return range;
    bool same = condition.len == etag.len + 2 && condition.ptr[0] == '"' &&
                str_eq(str_from(condition.ptr + 1, etag.len), etag);
    return same ? range : STR_NONE;
}

static void refuse_range(struct api_call *call, uint64_t size) {
    struct http_problem problem = {.code = "range_not_satisfiable", .headers_count = 1};
    problem.headers[0].name = STR("Content-Range");
    problem.headers[0].value = arena_printf(call->arena, "bytes */%llu", (unsigned long long)size);
    http_problem_send(call->request, &problem);
}

static void answer(struct download *download, const struct db_result *opened, uint64_t size,
                   bool part) {
    struct api_call *call = download->call;
    struct http_reply reply = {.status = part ? 206 : 200, .source = &download->source};
    reply.no_store = true;
    reply.content_type = arena_strdup(call->arena, db_result_get(opened, "out_media_type"));
    struct str etag = db_result_get(opened, "etag");
    char *tag = arena_strdup(call->arena, etag);
    if (tag != NULL)
        reply.etag = str_from(tag, etag.len);
    http_reply_header(&reply, STR("Content-Disposition"),
                      disposition(call->arena, db_result_get(opened, "out_name")));
    http_reply_header(&reply, STR("Accept-Ranges"), STR("bytes"));
    if (part)
        http_reply_header(&reply, STR("Content-Range"),
                          arena_printf(call->arena, "bytes %llu-%llu/%llu",
                                       (unsigned long long)download->from,
                                       (unsigned long long)download->to, (unsigned long long)size));
    download->source.length = download->to - download->from + 1;
    http_reply_send(call->request, &reply);
}

static enum status make(struct api_call *call, struct str id, const struct db_result *opened,
                        struct download **out) {
    struct download *download = calloc(1, sizeof *download);
    if (download == NULL || id.len != UUID_TEXT_SIZE - 1) {
        free(download);
        return STATUS_NO_MEMORY;
    }
    download->source = (struct http_source){.on_wanted = on_wanted, .on_over = on_over};
    download->call = call;
    for (size_t i = 0; i < id.len; i++) /* as it was sealed: a client may write it in capitals */
        download->id.text[i] = (char)(id.ptr[i] >= 'A' && id.ptr[i] <= 'F' ? id.ptr[i] | 0x20
                                                                           : id.ptr[i]);
    enum status status = document_reader_open(&download->reader, call->keys, &download->id,
                                              db_result_get(opened, "out_key"));
    if (status != STATUS_OK) {
        log_error("document_key", "document=%s status=%s", download->id.text, status_name(status));
        on_over(&download->source);
        return STATUS_INTERNAL;
    }
    *out = download;
    return STATUS_OK;
}

void download_start(struct api_call *call, struct str document_id, const struct db_result *opened) {
    download_start_from(call, document_id, opened, &stmt_documents_chunks);
}

void download_start_from(struct api_call *call, struct str id, const struct db_result *opened,
                         const struct db_statement *chunks) {
    uint64_t size = 0, from, to;
    if (db_result_rows(opened) == 0 || !str_eq(db_result_get(opened, "status"), STR("200"))) {
        api_reply_row(call, opened);
        return;
    }
    if (str_to_u64(db_result_get(opened, "out_size"), UINT64_MAX - 1, &size) != STATUS_OK ||
        size == 0) {
        api_fail(call, STATUS_INTERNAL);
        return;
    }
    enum range_answer range = range_parse(wanted_range(call, db_result_get(opened, "etag")), size,
                                          &from, &to);
    if (range == RANGE_UNSATISFIABLE) {
        refuse_range(call, size);
        return;
    }
    struct download *download = NULL;
    enum status status = make(call, id, opened, &download);
    if (status != STATUS_OK) {
        api_fail(call, status);
        return;
    }
    download->chunks = chunks;
    download->from = from;
    download->to = to;
    answer(download, opened, size, range == RANGE_PART);
}
