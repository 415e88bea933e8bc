/* The result of one statement as callers see it: rows of text values. Reference-counted on one
 * thread (the loop that runs the lane), so that an answer can be sent from the result's own memory.
 */
#ifndef SEGRETERIA_DB_RESULT_H
#define SEGRETERIA_DB_RESULT_H

#include <stdbool.h>
#include <stddef.h>

#include "segreteria/core/status.h"
#include "segreteria/core/str.h"

enum db_outcome {
    /* Rows hold the answer (possibly none); a write is committed. */
    DB_DONE,
    /* The statement failed: sqlstate and constraint tell; nothing of it happened. */
    DB_REFUSED,
    /* A write was sent, and whether it happened is not known: the connection was lost, or no
     * standby confirmed the commit. */
    DB_UNKNOWN,
    /* No answer: no connection (in time), or the lane is closing. A write was not run. */
    DB_UNAVAILABLE,
    /* Deadline or statement_timeout. A write did not happen if sqlstate is 57014, else unknown. */
    DB_TIMED_OUT
};

struct db_result; /* opaque; see src/db */

enum db_outcome db_result_outcome(const struct db_result *result);
const char *db_result_sqlstate(const struct db_result *result);   /* "" when there is none */
const char *db_result_constraint(const struct db_result *result); /* "" when there is none */

/* Rows that belong to this caller (for a merged read: its own only, at most one). */
size_t db_result_rows(const struct db_result *result);
/* Column index by name, or -1. */
int db_result_column(const struct db_result *result, const char *name);
/* STR_NONE for NULL or column -1. NUL-terminated, in the result's memory. */
struct str db_result_value(const struct db_result *result, size_t row, int column);
struct str db_result_get(const struct db_result *result,
                         const char *name); /* row 0 by column name */

/* The memory behind the values stays until the last reference is released. Both on the lane's
 * thread. */
struct db_memory;
struct db_memory *db_result_retain(const struct db_result *result);
void db_memory_release(
    void *memory); /* a struct db_memory; void so that it fits arena_defer and reply owners */

#endif
