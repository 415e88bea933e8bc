/* A blocking connection for commands, and for threads that do nothing else: one statement after the
 * other. One thread's own but for db_session_break. Times are in UTC, a bytea is hexadecimal text.
 */
#ifndef SEGRETERIA_DB_SESSION_H
#define SEGRETERIA_DB_SESSION_H

#include <stddef.h>

#include "segreteria/core/buf.h"
#include "segreteria/core/status.h"
#include "segreteria/core/str.h"

struct db_session;

/* To a server that takes writes. name: for application_name. On failure `error` holds one line for
 * a person. INVALID: the connection string; UNAVAILABLE: no server there, or only a read-only one.
 */
NODISCARD enum status db_session_open(const char *conninfo, const char *name,
                                      struct db_session **out, struct buf *error);
void db_session_close(struct db_session *session); /* NULL is allowed */
/* From another thread, while the session is open: what it waits for fails at once, and all that
 * follows. NULL is allowed. */
void db_session_break(const struct db_session *session);

/* Runs one statement with text parameters (NULL: null; they must be NUL-terminated). What the one
 * before answered is forgotten. On failure `error` has one line with the server's message. INVALID:
 * the statement failed; UNAVAILABLE: the connection was lost. */
NODISCARD enum status db_session_run(struct db_session *session, const char *sql,
                                     const char *const *params, size_t count, struct buf *error);
size_t db_session_rows(const struct db_session *session);
/* STR_NONE: null, or there is no such column; NUL-terminated; until the next statement. */
struct str db_session_value(const struct db_session *session, size_t row, const char *column);

#endif
