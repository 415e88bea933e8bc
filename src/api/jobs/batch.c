/* POST /v1/jobs/batch: newline-delimited JSON in, one result a line out, in order, at constant
 * memory whatever the size.
 *
 * A ring of lines is in flight; a full ring stops reading from the client. libmicrohttpd cannot
 * answer while it receives, so results go to an unlinked file on the data directory's disk and are
 * sent when the last line is done. With an Idempotency-Key every line is idempotent by itself: a
 * batch that broke off half-way is sent again and goes on.
 */
#include "batch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "../internal.h"
#include "generated/api_operations.h"

static void cancel_lines(struct batch *batch) {
    for (size_t i = 0; i < BATCH_WINDOW; i++) {
        struct batch_line *line = &batch->lines[i];
        if (line->lane != NULL)
            db_lane_cancel(line->lane, &line->db);
        line->lane = NULL;
    }
}

/* Answered by somebody else: no line may end in an answer of ours any more. */
static void on_end(struct api_call *call) { cancel_lines(call->state); }

static void batch_free(void *memory) {
    struct batch *batch = memory;
    cancel_lines(batch);
    for (size_t i = 0; i < BATCH_WINDOW; i++) {
        struct batch_line *line = &batch->lines[i];
        buf_deinit(&line->result);
        arena_deinit(&line->arena);
    }
    buf_deinit(&batch->partial);
    buf_deinit(&batch->out);
    (void)atomic_fetch_sub(&batch->call->worker->shared->spooled, batch->spooled);
    batch->call->worker->batches--;
    counter_set(&batch->call->worker->metrics.batches, batch->call->worker->batches);
    if (batch->spool_fd >= 0)
        (void)close(batch->spool_fd);
    free(batch);
}

static struct batch *batch_create(struct api_call *call) {
    struct batch *batch = calloc(1, sizeof *batch);
    if (batch == NULL)
        return NULL;
    batch->call = call;
    call->worker->batches++;
    counter_set(&call->worker->metrics.batches, call->worker->batches);
    buf_init(&batch->partial, BATCH_LINE_MAX);
    buf_init(&batch->out, BATCH_OUT_MAX);
    for (size_t i = 0; i < BATCH_WINDOW; i++) {
        batch->lines[i].batch = batch;
        arena_init(&batch->lines[i].arena, BATCH_LINE_MEMORY);
        buf_init(&batch->lines[i].result, BATCH_RESULT_MAX);
    }
    batch->spool_fd = open(call->worker->shared->spool_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (batch->spool_fd >= 0)
        return batch;
    log_error("batch_spool_failed", "errno=%d", errno);
    batch_free(batch);
    return NULL;
}

static void take_line(struct batch *batch, struct str text);

/* ---- results ---- */

/* The disk is the data base's too: a client that sends what is refused, two bytes a line, must not
 * fill it. */
static bool may_spool(struct batch *batch, size_t len) {
    _Atomic uint64_t *all = &batch->call->worker->shared->spooled;
    batch->spooled += len;
    return atomic_fetch_add(all, len) + len <= BATCH_SPOOL_MAX;
}

static bool spool(struct batch *batch) {
    size_t at = 0;
    if (!may_spool(batch, batch->out.len))
        return false;
    while (at < batch->out.len) {
        ssize_t written = write(batch->spool_fd, batch->out.data + at, batch->out.len - at);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        at += (size_t)written;
    }
    buf_clear(&batch->out);
    return true;
}

static void finish(struct batch *batch) {
    struct api_call *call = batch->call;
    batch->answered = true;
    if (batch->failed || !spool(batch)) { /* what ran has run, and can be sent again safely */
        api_problem(call, "unavailable");
        return;
    }
    struct http_reply reply = {
        .status = 200, .content_type = "application/x-ndjson", .body_fd = batch->spool_fd};
    batch->spool_fd = -1;
    api_publishes(call);
    reply_send(call, &reply);
}

/* The body is complete: its last line may lack a newline, and has to wait for room in the ring like
 * any other. */
static void end_when_room(struct batch *batch) {
    if (!batch->last || batch->ended || batch->tail - batch->head == BATCH_WINDOW)
        return;
    batch->ended = true;
    if (batch->partial.len > 0 || batch->skipping)
        take_line(batch, buf_str(&batch->partial));
}

/* Takes finished lines off the head of the ring, in order. */
static void take_finished(struct batch *batch) {
    while (batch->head != batch->tail) {
        struct batch_line *line = &batch->lines[batch->head % BATCH_WINDOW];
        if (line->state != LINE_DONE)
            break;
        if (batch->out.len + line->result.len > BATCH_OUT_MAX && !spool(batch))
            batch->failed = true;
        if (!batch->failed)
            buf_append(&batch->out, buf_str(&line->result));
        buf_clear(&line->result);
        arena_reset(&line->arena);
        line->state = LINE_FREE;
        batch->head++;
    }
}

/* A line has ended, or the body has: what that allows next. */
static void drain(struct batch *batch) {
    bool full = batch->tail - batch->head == BATCH_WINDOW;
    if (batch->answered)
        return;
    take_finished(batch);
    if (batch->failed) { /* at once: to read on would be to do what cannot be told */
        finish(batch);
        return;
    }
    bool in_chunk = batch->in_chunk;
    batch->in_chunk = true; /* a last line that ends at once is taken below */
    end_when_room(batch);
    batch->in_chunk = in_chunk;
    take_finished(batch);
    if (batch->ended && batch->head == batch->tail)
        finish(batch);
    else if (!batch->last && full && batch->tail - batch->head < BATCH_WINDOW && !batch->in_chunk)
        http_request_resume_body(batch->call->request);
}

/* Lines in flight run side by side on several connections, those of one reference one after the
 * other. */
bool batch_line_must_wait(const struct batch_line *line) {
    const struct batch *batch = line->batch;
    if (str_is_none(line->reference))
        return false;
    for (uint64_t n = batch->head; n < batch->tail; n++) {
        const struct batch_line *other = &batch->lines[n % BATCH_WINDOW];
        if (other == line)
            return false;
        if ((other->state == LINE_RUNNING || other->state == LINE_WAITING) &&
            str_eq(other->reference, line->reference))
            return true;
    }
    return false;
}

/* The end of a line lets one other begin at most: the next of its reference. */
static void start_next(struct batch *batch) {
    for (uint64_t n = batch->head; n < batch->tail; n++) {
        struct batch_line *line = &batch->lines[n % BATCH_WINDOW];
        if (line->state == LINE_WAITING && !batch_line_must_wait(line)) {
            batch_line_start(line);
            return;
        }
    }
}

void batch_line_done(struct batch_line *line) {
    struct batch *batch = line->batch;
    buf_append_char(&line->result, '\n');
    line->state = LINE_DONE;
    bool in_chunk = batch->in_chunk;
    batch->in_chunk = true; /* one that ends at once is taken below */
    start_next(batch);
    batch->in_chunk = in_chunk;
    if (!in_chunk)
        drain(batch);
}

/* ---- input ---- */

static bool is_blank(struct str text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] != ' ' && text.ptr[i] != '\t' && text.ptr[i] != '\r')
            return false;
    return true;
}

/* One whole line; the ring has room. */
static void take_line(struct batch *batch, struct str text) {
    batch->number++;
    if (!batch->skipping && is_blank(text))
        return;
    struct batch_line *line = &batch->lines[batch->tail++ % BATCH_WINDOW];
    line->number = batch->number;
    line->state = LINE_RUNNING;
    line->lane = NULL;
    line->reference = STR_NONE; /* the place's former line took its memory with it */
    line->replayed = false;
    if (batch->skipping) {
        batch->skipping = false;
        batch_line_refuse(line, "payload_too_large", NULL);
    } else {
        batch_line_run(line, text);
    }
}

/* Takes bytes up to and including a newline, or all of them. Keeps what is not a whole line yet. */
static size_t take(struct batch *batch, struct str chunk) {
    size_t at = str_find(chunk, '\n');
    struct str piece = str_from(chunk.ptr, at);
    bool whole = at < chunk.len;
    if (batch->partial.len == 0 && whole && !batch->skipping && piece.len <= BATCH_LINE_MAX) {
        take_line(batch, piece);
        return at + 1;
    }
    if (!batch->skipping) {
        buf_append(&batch->partial, piece);
        batch->skipping = buf_status(&batch->partial) != STATUS_OK;
    }
    if (whole) {
        take_line(batch, buf_str(&batch->partial));
        buf_clear(&batch->partial);
    }
    return whole ? at + 1 : at;
}

static size_t on_chunk(struct api_call *call, struct str chunk, bool last) {
    struct batch *batch = call->state;
    size_t taken = 0;
    batch->in_chunk = true;
    while (taken < chunk.len && !batch->answered && batch->tail - batch->head < BATCH_WINDOW) {
        taken += take(batch, str_from(chunk.ptr + taken, chunk.len - taken));
        if (batch->lines[batch->head % BATCH_WINDOW].state == LINE_DONE)
            drain(batch);
    }
    batch->last = last;
    batch->in_chunk = false;
    if (last)
        drain(batch);
    return taken;
}

enum status api_jobs_batch(struct api_call *call) {
    bool room = call->worker->batches < BATCHES_MAX;
    struct batch *batch = room ? batch_create(call) : NULL;
    if (batch == NULL)
        return STATUS_BUSY;
    batch->schema = call->operation->bodies_count > 0 ? call->operation->bodies[0].schema : NULL;
    batch->key = http_request_header(call->request, STR("Idempotency-Key"));
    call->state = batch;
    call->on_chunk = on_chunk;
    enum status status = arena_defer(call->arena, batch_free, batch);
    if (status != STATUS_OK)
        return status; /* the arena has run it */
    call->on_end = on_end;
    http_request_stream_body(call->request);
    return STATUS_OK;
}
