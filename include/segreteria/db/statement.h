/* A prepared statement as the build makes it from a .sql file: named parameters replaced by $1...,
 * directives read from its head comment. Static data, generated; never written at run time.
 */
#ifndef SEGRETERIA_DB_STATEMENT_H
#define SEGRETERIA_DB_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>

enum db_statement_kind {
    DB_READ, /* no effect: may share a sync with others and be sent again after a lost connection */
    DB_WRITE,     /* a sync of its own, never sent twice */
    DB_SLOW,      /* a read that may take long: the slow lane */
    DB_SLOW_WRITE /* a write that may take long, on the same lane */
};

#define DB_PARAMS_MAX 48

struct db_statement {
    const char *name;          /* "jobs_create": also its name as a prepared statement */
    const char *sql;           /* with $1..$n */
    const char *const *params; /* names in order of $1..$n */
    size_t params_count;       /* <= DB_PARAMS_MAX */
    enum db_statement_kind kind;
    int merge_param; /* -1, or the index of the array parameter of a by-key read (@merge) */
    /* For a POST statement (kind DB_WRITE, its file under src/api): the same statement wrapped so
     * that it also stores its answer under the caller's Idempotency-Key; takes three parameters
     * more, after the statement's own: key hash (bytea text form), request fingerprint (bytea text
     * form), operation name. NULL where it makes no sense. */
    const char *idempotent_name;
    const char *idempotent_sql;
};

static inline bool db_statement_writes(const struct db_statement *statement) {
    return statement->kind == DB_WRITE || statement->kind == DB_SLOW_WRITE;
}

#endif
