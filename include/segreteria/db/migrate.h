/* Migrations: the data base brought to the shape this version of the server needs.
 *
 * Forward only. Each runs once, in a transaction of its own, under an advisory lock that all
 * instances share: two that start at once migrate once. The table schema_migrations records what
 * was run, with a checksum of its text. Blocking, on a connection of its own; for the main thread
 * before the workers start, and for the command line.
 */
#ifndef SEGRETERIA_DB_MIGRATE_H
#define SEGRETERIA_DB_MIGRATE_H

#include <stdbool.h>
#include <stddef.h>

#include "segreteria/core/buf.h"
#include "segreteria/core/status.h"

struct migration; /* generated/migrations.h */

struct migrate_options {
    const char *conninfo;
    const struct migration *migrations; /* ascending numbers */
    size_t count;
    /* Asked while another instance migrates; true gives up (STATUS_TIMEOUT). NULL: never. */
    bool (*cancelled)(void *context);
    void *context;
};

/* The connection string alone: INVALID with one line that tells what is wrong and never shows a
 * part of it that may be the password. */
NODISCARD enum status migrate_check_conninfo(const char *conninfo, struct buf *error);

/* Runs what is pending and sets *applied to how many. On failure `error` holds one line for a
 * person and the failed migration has left nothing. INVALID: the connection string; UNAVAILABLE: no
 * server there, or only a read-only one; UNSUPPORTED: a PostgreSQL before 15 or not UTF-8;
 * MISMATCH: the data base was migrated by another history (changed, unknown or missing migrations);
 * INTERNAL: a migration failed. */
NODISCARD enum status migrate_run(const struct migrate_options *options, size_t *applied,
                                  struct buf *error);

/* Checks as migrate_run does, writes what it would run to `out`, a line each, and changes nothing.
 */
NODISCARD enum status migrate_dry_run(const struct migrate_options *options, size_t *pending,
                                      struct buf *out, struct buf *error);

/* A table of all migrations, known and recorded, to `out`. *current tells whether migrate_run would
 * have nothing to do. A history that does not fit is shown, not refused. */
NODISCARD enum status migrate_status(const struct migrate_options *options, bool *current,
                                     struct buf *out, struct buf *error);

#endif
