/* One long read, row by row, on a connection and a thread of its own: what loads a whole table
 * without ever holding more than a row of it. Blocks, so never on a loop's thread; looks at
 * `cancelled` at least five times a second. Not thread-safe.
 */
#ifndef SEGRETERIA_DB_STREAM_H
#define SEGRETERIA_DB_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "segreteria/core/status.h"
#include "segreteria/core/str.h"
#include "segreteria/db/statement.h"

struct db_stream;

struct db_stream_options {
    const char *conninfo; /* asks for a server that takes writes, unless it says otherwise */
    const struct db_statement *statement;
    const struct str *params; /* as a db_call's; NUL-terminated; borrowed during open */
    bool binary;              /* values as PostgreSQL sends them in binary, a text as it is */
    bool (*cancelled)(void *context);
    void *context;
};

/* Connects and sends the statement; no time limit but the connection's. UNAVAILABLE (logged),
 * TIMEOUT (cancelled), INVALID, NO_MEMORY. */
NODISCARD enum status db_stream_open(const struct db_stream_options *options,
                                     struct db_stream **out);
/* The next row. NOT_FOUND: that was all. UNAVAILABLE: the statement failed or the connection was
 * lost (logged); TIMEOUT: cancelled. */
NODISCARD enum status db_stream_next(struct db_stream *stream);
/* Of the present row, NUL-terminated, until the next; STR_NONE for NULL. */
struct str db_stream_value(const struct db_stream *stream, int column);
/* Index by name, or -1; once there was a row. */
int db_stream_column(const struct db_stream *stream, const char *name);
/* Also in the middle: the server notices when it next writes. NULL is allowed. */
void db_stream_close(struct db_stream *stream);

#endif
