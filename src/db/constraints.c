/* The rules of the constraints: one PGresult, sorted by name, searched by halves. */
#include "segreteria/db/constraints.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

static const char query[] = "select r.constraint_name, r.pointer, r.code, t.en, t.it"
                            " from constraint_rules r join rule_texts t using (code)"
                            " order by r.constraint_name collate \"C\"";

struct db_constraints {
    PGresult *rows; /* holds the texts */
    size_t count;
    struct db_constraint rules[];
};

static struct db_constraints *index_rows(PGresult *rows) {
    size_t count = (size_t)PQntuples(rows);
    struct db_constraints *constraints = malloc(sizeof *constraints +
                                                count * sizeof constraints->rules[0]);
    if (constraints == NULL)
        return NULL;
    constraints->rows = rows;
    constraints->count = count;
    for (size_t i = 0; i < count; i++) {
        int row = (int)i;
        constraints->rules[i] = (struct db_constraint){
            PQgetvalue(rows, row, 0), PQgetvalue(rows, row, 1), PQgetvalue(rows, row, 2),
            PQgetvalue(rows, row, 3), PQgetvalue(rows, row, 4)};
    }
    return constraints;
}

enum status db_constraints_load(const char *conninfo, struct db_constraints **out,
                                struct buf *error) {
    const char *const keywords[] = {"dbname", "client_encoding", "connect_timeout",
                                    "fallback_application_name", NULL};
    const char *const values[] = {conninfo, "UTF8", "10", "segreteria start", NULL};
    enum status status = STATUS_UNAVAILABLE;
    PGresult *rows = NULL;
    PGconn *pg = PQconnectdbParams(keywords, values, 1);
    if (PQstatus(pg) == CONNECTION_OK)
        rows = PQexec(pg, query);
    if (PQresultStatus(rows) == PGRES_TUPLES_OK) {
        struct db_constraints *constraints = index_rows(rows);
        status = constraints == NULL ? STATUS_NO_MEMORY : STATUS_OK;
        if (constraints != NULL) {
            *out = constraints;
            rows = NULL;
        }
    }
    if (status != STATUS_OK)
        buf_printf(error, "cannot read the rules of the constraints: %s", PQerrorMessage(pg));
    PQclear(rows);
    PQfinish(pg);
    return status;
}

void db_constraints_destroy(struct db_constraints *constraints) {
    if (constraints == NULL)
        return;
    PQclear(constraints->rows);
    free(constraints);
}

static int by_name(const void *name, const void *rule) {
    return strcmp(name, ((const struct db_constraint *)rule)->name);
}

const struct db_constraint *db_constraints_find(const struct db_constraints *constraints,
                                                const char *name) {
    if (constraints == NULL)
        return NULL;
    return bsearch(name, constraints->rules, constraints->count, sizeof constraints->rules[0],
                   by_name);
}

void db_constraint_members(const struct db_constraint *constraint, const char *lang,
                           struct buf *out) {
    buf_append_text(out, "{\"errors\":[{\"pointer\":");
    buf_append_json_string(out, str_of(constraint->pointer));
    buf_append_text(out, ",\"code\":");
    buf_append_json_string(out, str_of(constraint->code));
    buf_append_text(out, ",\"detail\":");
    buf_append_json_string(
        out, str_of(strcmp(lang, "it") == 0 ? constraint->detail_it : constraint->detail_en));
    buf_append_text(out, "}]}");
}
