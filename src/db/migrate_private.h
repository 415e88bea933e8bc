/* What the migration runner's files share. */
#ifndef SEGRETERIA_DB_MIGRATE_PRIVATE_H
#define SEGRETERIA_DB_MIGRATE_PRIVATE_H

#include <libpq-fe.h>

#include "segreteria/core/buf.h"
#include "segreteria/core/status.h"

#define MIGRATE_CHECKSUM_SIZE 65

/* A row of schema_migrations. */
struct migrate_record {
    int number;
    char name[64];
    char checksum[MIGRATE_CHECKSUM_SIZE];
    char applied_at[32];
    char duration_ms[24];
};

struct migrate_records {
    struct migrate_record *list; /* by number; free(3) */
    size_t count;
};

/* BLAKE2b-256, hexadecimal. */
void migrate_checksum(const char *sql, char out[MIGRATE_CHECKSUM_SIZE]);

/* A blocking connection to a server that can be written to, where the string does not say otherwise
 * and names several hosts. */
NODISCARD enum status migrate_connect(const char *conninfo, PGconn **out, struct buf *error);

/* "<message> (<SQLSTATE>)" on one line, or the connection's trouble. */
void migrate_append_result(const PGresult *result, const PGconn *connection, struct buf *error);

/* " at line 17: " when the server says where, else ": ". */
void migrate_append_position(const PGresult *result, const char *sql, struct buf *error);

#endif
