/* A batch in progress; shared by batch.c (the stream) and batch_line.c (one line). */
#ifndef SEGRETERIA_API_JOBS_BATCH_H
#define SEGRETERIA_API_JOBS_BATCH_H

#include "../internal.h"

#define BATCHES_MAX 32 /* at once on a worker: each may hold a line of a megabyte and 16 more */
#define BATCH_SPOOL_MAX ((uint64_t)1024 * 1024 * 1024) /* bytes in the files of all batches */
#define BATCH_WINDOW 16                                /* lines in flight */
#define BATCH_LINE_MAX ((size_t)1024 * 1024)           /* bytes of one line */
#define BATCH_LINE_MEMORY ((size_t)16 * 1024 * 1024)
#define BATCH_RESULT_MAX ((size_t)64 * 1024) /* bytes of one result */
#define BATCH_OUT_MAX ((size_t)128 * 1024)   /* results held before they go to the file */

/* WAITING: for an earlier line with the same reference, so that the last of them is what counts. */
enum batch_line_state { LINE_FREE, LINE_WAITING, LINE_RUNNING, LINE_DONE };

struct batch_line {
    struct batch *batch;
    enum batch_line_state state;
    uint64_t number;    /* 1 for the first line of the body */
    struct arena arena; /* the line's JSON and parameters */
    struct buf result;
    struct str reference;
    struct str text;
    const struct str *params; /* of the statement */
    struct db_lane *lane;     /* of the statement in flight */
    struct db_call db;
    struct db_idempotency idempotency;
    bool replayed;
};

struct batch {
    struct api_call *call;
    const struct schema *schema; /* of one line */
    struct str key;              /* Idempotency-Key or STR_NONE */
    struct batch_line lines[BATCH_WINDOW];
    uint64_t head, tail; /* lines in flight: head (oldest) .. tail - 1; index modulo BATCH_WINDOW */
    uint64_t number;
    struct buf partial; /* a line of which the end has not arrived */
    struct buf out;
    int spool_fd;
    uint64_t spooled; /* bytes in it */
    bool skipping;    /* the current line is too long and thrown away up to its end */
    bool in_chunk;    /* inside on_chunk: lines that end at once must not re-enter */
    bool last;        /* the body is complete */
    bool ended;       /* ... and its last line has been taken */
    bool failed;      /* results could not be kept */
    bool answered;
};

/* Validates the line and submits its statement or leaves it waiting; the result is written now or
 * later. */
void batch_line_run(struct batch_line *line, struct str text);
/* Submits the statement of a line that waited. */
void batch_line_start(struct batch_line *line);
/* Whether an earlier line with the same reference is still to end. */
bool batch_line_must_wait(const struct batch_line *line);
/* A line that is not run. violations may be NULL. */
void batch_line_refuse(struct batch_line *line, const char *code,
                       const struct violations *violations);
/* Called when line->result is complete. */
void batch_line_done(struct batch_line *line);

#endif
