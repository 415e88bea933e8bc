/* A scan is a chain of steps, each begun by the end of the one before: lease, connect, then chunks
 * read and sent in turns, the verdict, and its writing down. Nobody is told of new documents (a
 * notification would make uploads wait for each other): the scanner looks every second.
 */
#include "scanner.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clamd.h"
#include "generated/statements.h"
#include "segreteria/api/document.h"
#include "segreteria/core/log.h"

#define SCANS_AT_ONCE 2
#define CHUNKS_AT_ONCE 2 /* as in chunks.sql */
#define LOOK_MS 1000u
#define PAUSE_MS 5000u /* after the scanner could not be reached */
#define STATEMENT_MS 15000u
#define PARAMS_MAX 4

const struct db_statement *const scanner_statements[SCANNER_STATEMENTS] = {
    &stmt_background_document_scan_lease, &stmt_background_document_scan_done,
    &stmt_documents_chunks};

/* What only a scan under way needs. */
struct bytes {
    struct document_reader reader;
    unsigned char plain[CHUNKS_AT_ONCE * DOCUMENT_CHUNK_BYTES];
};

struct scan {
    struct scanner *scanner;
    bool busy;
    struct document_id id;
    struct bytes *bytes;
    unsigned next; /* chunk */
    struct clamd_session session;
    struct db_call call;
    bool calling;
    struct str params[PARAMS_MAX];
    char number[16];
    const char *verdict;
    char finding[CLAMD_REPLY_MAX];
};

struct scanner {
    struct clamd_address address;
    const _Atomic(const struct keys *) *keys;
    struct loop *loop;
    struct db_lane *lane;
    struct loop_timer look;
    uint64_t paused_until_ms;
    bool unreachable; /* said so in the log */
    struct scan scans[SCANS_AT_ONCE];
};

static void lease(struct scan *scan);

/* ---- statements ---- */

static struct scan *scan_of(struct db_call *call) {
    return (struct scan *)(void *)((char *)call - offsetof(struct scan, call));
}

static struct str value_of(const struct scan *scan, const char *name) {
    if (strcmp(name, "document") == 0)
        return str_of(scan->id.text);
    if (strcmp(name, "from") == 0)
        return str_of(scan->number);
    if (strcmp(name, "verdict") == 0)
        return str_of(scan->verdict);
    return scan->finding[0] == '\0' ? STR_NONE : str_of(scan->finding);
}

static bool submit(struct scan *scan, const struct db_statement *statement,
                   void (*on_result)(struct db_call *call, const struct db_result *result)) {
    struct scanner *scanner = scan->scanner;
    for (size_t i = 0; i < statement->params_count && i < PARAMS_MAX; i++)
        scan->params[i] = value_of(scan, statement->params[i]);
    scan->call = (struct db_call){.statement = statement,
                                  .params = scan->params,
                                  .deadline_ms = loop_now_ms(scanner->loop) + STATEMENT_MS,
                                  .on_result = on_result};
    scan->calling = db_lane_submit(scanner->lane, &scan->call) == STATUS_OK;
    return scan->calling;
}

/* ---- the end of a scan ---- */

static void let_go(struct scan *scan) {
    clamd_close(&scan->session);
    if (scan->bytes != NULL)
        sodium_memzero(scan->bytes, sizeof *scan->bytes);
    free(scan->bytes);
    scan->bytes = NULL;
}

static void end(struct scan *scan) {
    let_go(scan);
    scan->busy = false;
}

/* If it could not be written down, the lease ends and the document is scanned again. */
static void on_written(struct db_call *call, const struct db_result *result) {
    struct scan *scan = scan_of(call);
    bool failed = strcmp(scan->verdict, "failed") == 0;
    scan->calling = false;
    if (db_result_outcome(result) != DB_DONE)
        log_warn("scan_not_stored", "document=%s verdict=%s", scan->id.text, scan->verdict);
    end(scan);
    if (!failed)
        lease(scan);
}

static void write_down(struct scan *scan, const char *verdict, struct str finding) {
    let_go(scan);
    scan->verdict = verdict;
    (void)snprintf(scan->finding, sizeof scan->finding, "%.*s", STR_FMT(finding));
    if (!submit(scan, &stmt_background_document_scan_done, on_written))
        end(scan);
}

static void give_up(struct scan *scan, const char *why) {
    log_warn("scan_failed", "document=%s reason=%s", scan->id.text, why);
    write_down(scan, "failed", STR_NONE);
}

static void pause_all(struct scanner *scanner, const char *why) {
    scanner->paused_until_ms = loop_now_ms(scanner->loop) + PAUSE_MS;
    if (!scanner->unreachable)
        log_warn("scanner_unreachable", "reason=%s",
                 log_quote(&(struct log_quoted){0}, str_of(why)));
    scanner->unreachable = true;
}

static void on_verdict(struct clamd_session *session, enum clamd_verdict verdict, struct str text) {
    struct scan *scan = (struct scan *)(void *)((char *)session - offsetof(struct scan, session));
    struct log_quoted quoted;
    if (scan->calling) /* it spoke before it had everything */
        db_lane_cancel(scan->scanner->lane, &scan->call);
    scan->calling = false;
    if (verdict == CLAMD_UNREACHABLE)
        pause_all(scan->scanner, text.ptr);
    else
        scan->scanner->unreachable = false;
    switch (verdict) {
    case CLAMD_CLEAN: write_down(scan, "clean", STR_NONE); break;
    case CLAMD_INFECTED:
        log_warn("document_infected", "document=%s finding=%s", scan->id.text,
                 log_quote(&quoted, text));
        write_down(scan, "infected", text);
        break;
    case CLAMD_UNREACHABLE: write_down(scan, "failed", STR_NONE); break;
    case CLAMD_FAILED: give_up(scan, log_quote(&quoted, text)); break;
    }
}

/* ---- its middle ---- */

static void on_chunks(struct db_call *call, const struct db_result *result) {
    struct scan *scan = scan_of(call);
    struct bytes *bytes = scan->bytes;
    size_t len = 0, more = 0;
    int column = db_result_column(result, "data");
    scan->calling = false;
    if (db_result_outcome(result) != DB_DONE) {
        give_up(scan, "no_answer");
        return;
    }
    for (size_t row = 0; row < db_result_rows(result); row++, len += more)
        if (document_reader_next(&bytes->reader, db_result_value(result, row, column),
                                 bytes->plain + len, &more) != STATUS_OK) {
            give_up(scan, "decryption");
            return;
        }
    scan->next += (unsigned)db_result_rows(result);
    if (len > 0)
        clamd_send(&scan->session, bytes->plain, len);
    else
        end(scan); /* it was deleted meanwhile */
}

static void on_room(struct clamd_session *session) {
    struct scan *scan = (struct scan *)(void *)((char *)session - offsetof(struct scan, session));
    if (scan->bytes->reader.at_end) {
        clamd_end(session);
        return;
    }
    (void)snprintf(scan->number, sizeof scan->number, "%u", scan->next);
    if (!submit(scan, &stmt_documents_chunks, on_chunks))
        give_up(scan, "no_lane");
}

/* ---- its beginning ---- */

static void begin(struct scan *scan, const struct db_result *result) {
    struct scanner *scanner = scan->scanner;
    struct str id = db_result_get(result, "out_id");
    if (id.len != UUID_TEXT_SIZE - 1) {
        end(scan);
        return;
    }
    memcpy(scan->id.text, id.ptr, UUID_TEXT_SIZE);
    scan->next = 0;
    scan->bytes = calloc(1, sizeof *scan->bytes);
    if (scan->bytes == NULL) {
        give_up(scan, "memory");
    } else if (document_reader_open(&scan->bytes->reader, atomic_load(scanner->keys), &scan->id,
                                    db_result_get(result, "out_key")) != STATUS_OK) {
        give_up(scan, "key");
    } else if (clamd_open(&scan->session, &scanner->address) != STATUS_OK) {
        pause_all(scanner, strerrordesc_np(errno));
        write_down(scan, "failed", STR_NONE);
    }
}

static void on_leased(struct db_call *call, const struct db_result *result) {
    struct scan *scan = scan_of(call);
    scan->calling = false;
    if (db_result_outcome(result) == DB_DONE && db_result_rows(result) == 1)
        begin(scan, result);
    else
        end(scan);
}

static void lease(struct scan *scan) {
    struct scanner *scanner = scan->scanner;
    if (scan->busy || loop_now_ms(scanner->loop) < scanner->paused_until_ms)
        return;
    scan->busy = true;
    if (!submit(scan, &stmt_background_document_scan_lease, on_leased))
        end(scan);
}

static void on_look(struct loop_timer *timer) {
    struct scanner *scanner = (struct scanner *)(void *)((char *)timer -
                                                         offsetof(struct scanner, look));
    for (size_t i = 0; i < SCANS_AT_ONCE; i++)
        lease(&scanner->scans[i]);
    loop_timer_set(scanner->loop, &scanner->look, loop_now_ms(scanner->loop) + LOOK_MS);
}

enum status scanner_create(const struct clamd_address *address,
                           const _Atomic(const struct keys *) *keys, struct loop *loop,
                           struct db_lane *lane, struct scanner **out) {
    *out = NULL;
    if (address == NULL || address->len == 0)
        return STATUS_OK;
    struct scanner *scanner = calloc(1, sizeof *scanner);
    if (scanner == NULL)
        return STATUS_NO_MEMORY;
    scanner->address = *address;
    scanner->keys = keys;
    scanner->loop = loop;
    scanner->lane = lane;
    scanner->look.on_due = on_look;
    for (size_t i = 0; i < SCANS_AT_ONCE; i++) {
        struct scan *scan = &scanner->scans[i];
        scan->scanner = scanner;
        scan->session.loop = loop;
        scan->session.on_room = on_room;
        scan->session.on_verdict = on_verdict;
    }
    loop_timer_set(loop, &scanner->look, loop_now_ms(loop) + LOOK_MS);
    *out = scanner;
    return STATUS_OK;
}

void scanner_destroy(struct scanner *scanner) {
    if (scanner == NULL)
        return;
    loop_timer_clear(scanner->loop, &scanner->look);
    for (size_t i = 0; i < SCANS_AT_ONCE; i++) {
        if (scanner->scans[i].calling)
            db_lane_cancel(scanner->lane, &scanner->scans[i].call);
        let_go(&scanner->scans[i]);
    }
    free(scanner);
}
