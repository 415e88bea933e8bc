/* Results: row windows and counted memory. Counts are plain integers, for a lane and its results
 * belong to one thread. */
#include "segreteria/db/result.h"

#include <stdlib.h>
#include <string.h>

#include "result_private.h"

struct db_budget *db_budget_create(void) {
    struct db_budget *budget = malloc(sizeof *budget);
    if (budget != NULL)
        *budget = (struct db_budget){.refs = 1};
    return budget;
}

void db_budget_release(struct db_budget *budget) {
    if (budget != NULL && --budget->refs == 0)
        free(budget);
}

struct db_memory *db_memory_take(PGresult *rows, struct db_budget *budget) {
    struct db_memory *memory = malloc(sizeof *memory);
    if (memory == NULL) {
        PQclear(rows);
        return NULL;
    }
    *memory = (struct db_memory){
        .refs = 1, .bytes = PQresultMemorySize(rows), .rows = rows, .budget = budget};
    budget->refs++;
    budget->bytes += memory->bytes;
    return memory;
}

struct db_memory *db_memory_copy_row(const struct db_memory *memory, int row) {
    PGresult *copy = PQcopyResult(memory->rows, PG_COPYRES_ATTRS);
    if (copy == NULL)
        return NULL;
    for (int column = 0; column < PQnfields(memory->rows); column++) {
        bool null = PQgetisnull(memory->rows, row, column) != 0;
        if (PQsetvalue(copy, 0, column, null ? NULL : PQgetvalue(memory->rows, row, column),
                       null ? -1 : PQgetlength(memory->rows, row, column)) == 0) {
            PQclear(copy);
            return NULL;
        }
    }
    return db_memory_take(copy, memory->budget);
}

struct db_memory *db_result_retain(const struct db_result *result) {
    if (result->memory != NULL)
        result->memory->refs++;
    return result->memory;
}

void db_memory_release(void *memory_object) {
    struct db_memory *memory = memory_object;
    if (memory == NULL || --memory->refs > 0)
        return;
    memory->budget->bytes -= memory->bytes;
    db_budget_release(memory->budget);
    PQclear(memory->rows);
    free(memory);
}

enum db_outcome db_result_outcome(const struct db_result *result) { return result->outcome; }

const char *db_result_sqlstate(const struct db_result *result) { return result->sqlstate; }

const char *db_result_constraint(const struct db_result *result) {
    const char *name = result->memory == NULL
                           ? NULL
                           : PQresultErrorField(result->memory->rows, PG_DIAG_CONSTRAINT_NAME);
    return name == NULL ? "" : name;
}

size_t db_result_rows(const struct db_result *result) { return result->rows; }

/* PQfnumber would fold and unquote the name first. */
int db_result_column(const struct db_result *result, const char *name) {
    if (result->memory == NULL)
        return -1;
    int count = PQnfields(result->memory->rows);
    for (int column = 0; column < count; column++)
        if (strcmp(PQfname(result->memory->rows, column), name) == 0)
            return column;
    return -1;
}

struct str db_result_value(const struct db_result *result, size_t row, int column) {
    if (column < 0 || row >= result->rows)
        return STR_NONE;
    const PGresult *rows = result->memory->rows;
    int at = result->first_row + (int)row;
    if (PQgetisnull(rows, at, column) != 0)
        return STR_NONE;
    return str_from(PQgetvalue(rows, at, column), (size_t)PQgetlength(rows, at, column));
}

struct str db_result_get(const struct db_result *result, const char *name) {
    return db_result_value(result, 0, db_result_column(result, name));
}
