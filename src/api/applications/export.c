/* Piece after piece, each made when the client has taken the one before, one in memory. Before
 * each, the caller's token is looked at again. An export that cannot go on is cut off, so that
 * nobody takes a part for the whole. */
#include <stdlib.h>

#include "../internal.h"
#include "../ndjson.h"
#include "generated/statements.h"
#include "listing.h"

#define PAGE_TEXT "200"
#define PIECE_MEMORY_MAX ((size_t)1024 * 1024)
#define PIECE_BYTES_MAX ((size_t)32 * 1024 * 1024)
#define KEY_SIZE 128u
#define COLUMNS_SIZE 4096u /* ids of a vacancy's questions, as an array's text */
#define EXPORTS_MAX 16u    /* of a worker, with the streams of vacancies: each keeps a piece */

struct export {
    struct api_call *call;
    struct http_source source;
    const struct db_statement *statement;
    bool own;
    enum listing_form form;
    bool begun;         /* the answer has */
    bool given;         /* the first piece */
    bool more;          /* pieces follow the present one */
    struct arena arena; /* of one piece after the first */
    struct buf piece;
    char after[KEY_SIZE], columns[COLUMNS_SIZE];
};

static void export_free(void *memory) {
    struct export *export = memory;
    export->call->worker->streams--;
    arena_deinit(&export->arena);
    buf_deinit(&export->piece);
    free(export);
}

static void fetch(struct api_call *call);

static void send_head(struct export *export) {
    bool csv = export->form == LISTING_CSV;
    struct http_reply reply = {.status = 200,
                               .content_type = csv ? "text/csv; charset=utf-8; header=present"
                                                   : "application/x-ndjson",
                               .source = &export->source,
                               .etag = STR(""),
                               .no_store = true};
    http_reply_header(&reply, STR("Content-Disposition"),
                      csv ? STR("attachment; filename=\"applications.csv\"")
                          : STR("attachment; filename=\"applications.ndjson\""));
    export->begun = true;
    export->call->arena = &export->arena; /* the request's would grow with every piece */
    http_reply_send(export->call->request, &reply);
}

static void give(struct export *export) {
    if (export->piece.len > 0)
        http_source_give(&export->source, buf_str(&export->piece), NULL, NULL);
    else if (!export->more)
        http_source_end(&export->source);
    else /* all of the piece's applications are gone since they were found */
        fetch(export->call);
}

static void take_piece(struct export *export, const struct db_result *result) {
    struct str next = db_result_get(result, "next_key");
    export->more = !str_is_none(next);
    if (export->own) {
        ndjson_lines(&export->piece, db_result_get(result, "items"));
    } else {
        struct str head = db_result_get(result, "head");
        buf_clear(&export->piece);
        if (!str_is_none(head))
            buf_append(&export->piece, head);
        buf_append(&export->piece, db_result_get(result, "items"));
    }
    if (buf_status(&export->piece) != STATUS_OK || !str_copy(next, export->after, KEY_SIZE) ||
        (!export->own &&
         !str_copy(db_result_get(result, "columns"), export->columns, COLUMNS_SIZE)))
        api_fail(export->call, STATUS_NO_MEMORY);
    else if (export->begun)
        give(export);
    else
        send_head(export);
}

static void on_rows(struct api_call *call, const struct db_result *result) {
    if (db_result_rows(result) > 0 && str_eq(db_result_get(result, "status"), STR("200")))
        take_piece(call->state, result);
    else
        api_reply_row(call, result);
}

static struct str text_or_none(const char *text) {
    return text[0] == '\0' ? STR_NONE : str_of(text);
}

static void fetch(struct api_call *call) {
    struct export *export = call->state;
    if (export->begun)
        arena_reset(&export->arena);
    api_bind(call, "after", text_or_none(export->after));
    api_bind(call, "columns", text_or_none(export->columns));
    api_bind(call, "form", export->form == LISTING_CSV ? STR("csv") : STR("ndjson"));
    api_bind(call, "limit", STR(PAGE_TEXT));
    enum status status = api_submit_then(call, export->statement, on_rows);
    if (status != STATUS_OK)
        api_fail(call, status); /* once the answer has begun: cuts it off */
}

static struct export *export_of(struct http_source *source) {
    return (struct export *)(void *)((char *)source - offsetof(struct export, source));
}

static void on_wanted(struct http_source *source) {
    struct export *export = export_of(source);
    if (export->piece.len > 0 && !export->given) { /* the first, made before the answer began */
        export->given = true;
        give(export);
    } else if (!export->more) {
        http_source_end(source);
    } else {
        authenticate(export->call, fetch);
    }
}

static void on_over(struct http_source *source) {
    struct api_call *call = export_of(source)->call;
    if (call->db_lane != NULL)
        db_lane_cancel(call->db_lane, &call->db);
    call->db_lane = NULL;
}

enum status export_begin(struct api_call *call, enum listing_form form,
                         const struct db_statement *own) {
    struct str after;
    enum status status = bind_value(call, "after", &after);
    if (status != STATUS_OK || call->worker->streams >= EXPORTS_MAX)
        return status != STATUS_OK ? status : STATUS_BUSY;
    struct export *export = calloc(1, sizeof *export);
    if (export == NULL)
        return STATUS_NO_MEMORY;
    call->worker->streams++;
    export->call = call;
    export->form = form;
    export->own = own != NULL;
    export->statement = own != NULL ? own : &stmt_applications_export;
    export->source.on_wanted = on_wanted;
    export->source.on_over = on_over;
    arena_init(&export->arena, PIECE_MEMORY_MAX);
    buf_init(&export->piece, PIECE_BYTES_MAX);
    (void)str_copy(after, export->after, KEY_SIZE); /* signed by us, and never longer */
    call->state = export;
    status = arena_defer(call->arena, export_free, export);
    if (status == STATUS_OK)
        fetch(call);
    return status;
}
