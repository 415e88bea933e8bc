/* Page after page, each made when the client has taken the one before, one page in memory. Before
 * each, the caller's token is looked at again. A stream that cannot go on is cut off, so that
 * nobody takes a part for the whole. */
#include "stream.h"

#include <stdlib.h>

#include "../internal.h"
#include "../ndjson.h"
#include "search.h"

#define PAGE 200u
#define PAGE_TEXT "200"
#define PAGE_MEMORY_MAX ((size_t)4 * 1024 * 1024)
#define PAGE_BYTES_MAX ((size_t)32 * 1024 * 1024)
#define KEY_SIZE 1536u  /* what a cursor holds at most, and more */
#define STREAMS_MAX 64u /* of a worker: each keeps a page */

struct stream {
    struct api_call *call;
    struct http_source source;
    const struct db_statement *statement;
    bool by_index;
    bool begun; /* the answer has */
    bool more;  /* pages follow the present one */
    bool given; /* the first page */
    struct search search;
    struct arena arena; /* of one page after the first */
    struct buf page;
    char after[KEY_SIZE];
};

bool stream_wanted(const struct api_call *call) {
    static const struct str types[] = {STR_INIT("application/json"),
                                       STR_INIT("application/x-ndjson")};
    return http_negotiate_type(http_request_header_list(call->request, STR("Accept")), types, 2) ==
           1;
}

static void stream_free(void *memory) {
    struct stream *stream = memory;
    stream->call->worker->streams--;
    counter_set(&stream->call->worker->metrics.streams, stream->call->worker->streams);
    arena_deinit(&stream->arena);
    buf_deinit(&stream->page);
    free(stream);
}

/* ---- a page ---- */

static void fetch(struct api_call *call);

static void send_head(struct stream *stream) {
    struct http_reply reply = {.status = 200,
                               .content_type = "application/x-ndjson",
                               .source = &stream->source,
                               .etag = STR(""),
                               .no_store = stream->call->authenticated};
    stream->begun = true;
    stream->call->arena = &stream->arena; /* the request's would grow with every page */
    http_reply_send(stream->call->request, &reply);
}

static void give(struct stream *stream) {
    if (stream->page.len > 0)
        http_source_give(&stream->source, buf_str(&stream->page), NULL, NULL);
    else if (!stream->more)
        http_source_end(&stream->source);
    else /* all of the page's vacancies ended a moment ago */
        fetch(stream->call);
}

static void take_page(struct stream *stream, struct str items, struct str next_key) {
    struct api_call *call = stream->call;
    ndjson_lines(&stream->page, items);
    stream->more = !str_is_none(next_key);
    if (buf_status(&stream->page) != STATUS_OK || !str_copy(next_key, stream->after, KEY_SIZE)) {
        api_fail(call, STATUS_NO_MEMORY);
        return;
    }
    if (stream->begun)
        give(stream);
    else
        send_head(stream);
}

static void on_rows(struct api_call *call, const struct db_result *result) {
    struct str status = db_result_get(result, "status");
    if (str_eq(status, STR("200")))
        take_page(call->stream, db_result_get(result, "items"), db_result_get(result, "next_key"));
    else
        api_reply_row(call, result);
}

static void on_page(struct search *search, struct str items) {
    take_page(search->call->stream, items, search_next_key(search));
}

static enum status fetch_by_index(struct stream *stream) {
    struct search *search = &stream->search;
    search->after_text = stream->after[0] == '\0' ? STR_NONE : str_of(stream->after);
    if (search->document == NULL)
        return search_begin(search);
    struct str corrections; /* are those of the plan */
    enum status status = search_after_read(search->after_text, &search->query.after, &corrections);
    return status == STATUS_OK ? search_ask(search) : status;
}

/* The next page. What the index began PostgreSQL can finish: the keys are the same. What PostgreSQL
 * began it does finish: a plan made now would be in the memory of this one page. */
static void fetch(struct api_call *call) {
    struct stream *stream = call->stream;
    if (stream->begun) {
        arena_reset(&stream->arena);
        stream->by_index = stream->by_index && stream->search.document != NULL;
    }
    api_bind(call, "after", stream->after[0] == '\0' ? STR_NONE : str_of(stream->after));
    api_bind(call, "limit", STR(PAGE_TEXT));
    enum status status = stream->by_index && search_index_serves(call)
                             ? fetch_by_index(stream)
                             : api_submit_then(call, stream->statement, on_rows);
    if (status != STATUS_OK)
        api_fail(call, status); /* once the answer has begun: cuts it off */
}

/* ---- the answer ---- */

static struct stream *stream_of(struct http_source *source) {
    return (struct stream *)(void *)((char *)source - offsetof(struct stream, source));
}

static void on_wanted(struct http_source *source) {
    struct stream *stream = stream_of(source);
    if (stream->page.len > 0 && !stream->given) { /* the first, made before the answer began */
        stream->given = true;
        give(stream);
    } else if (!stream->more) {
        http_source_end(source);
    } else if (stream->call->authenticated) {
        authenticate(stream->call, fetch);
    } else {
        fetch(stream->call);
    }
}

static void on_over(struct http_source *source) {
    struct api_call *call = stream_of(source)->call;
    if (call->db_lane != NULL)
        db_lane_cancel(call->db_lane, &call->db);
    call->db_lane = NULL;
}

enum status stream_begin(struct api_call *call, const struct db_statement *statement,
                         bool by_index) {
    struct str after;
    enum status status = bind_value(call, "after", &after);
    if (status != STATUS_OK || call->worker->streams >= STREAMS_MAX)
        return status != STATUS_OK ? status : STATUS_BUSY;
    struct stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        return STATUS_NO_MEMORY;
    call->worker->streams++;
    counter_set(&call->worker->metrics.streams, call->worker->streams);
    stream->call = call;
    stream->statement = statement;
    stream->by_index = by_index;
    stream->source.on_wanted = on_wanted;
    stream->source.on_over = on_over;
    stream->search = (struct search){
        .call = call, .limit = PAGE, .streams = true, .on_page = on_page, .on_rows = on_rows};
    arena_init(&stream->arena, PAGE_MEMORY_MAX);
    buf_init(&stream->page, PAGE_BYTES_MAX);
    call->stream = stream;
    (void)str_copy(after, stream->after, KEY_SIZE); /* signed by us, and never longer */
    status = arena_defer(call->arena, stream_free, stream);
    if (status == STATUS_OK)
        fetch(call);
    return status;
}
