/* A statement for the command line: blocking, on a connection of its own. */
#ifndef SEGRETERIA_DB_COMMAND_H
#define SEGRETERIA_DB_COMMAND_H

#include <stddef.h>

#include "segreteria/core/buf.h"
#include "segreteria/core/status.h"

/* Runs one statement in a transaction of its own, with parameters as text, and appends the first
 * column of its first row to `out` (NULL or no row: nothing). On failure `error` holds one line for
 * a person. INVALID: the connection string; UNAVAILABLE: no server there; INTERNAL: refused. */
NODISCARD enum status db_command(const char *conninfo, const char *sql, const char *const *params,
                                 size_t params_count, struct buf *out, struct buf *error);

#endif
