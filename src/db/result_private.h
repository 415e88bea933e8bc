/* How a result is kept: a window of rows into a counted PGresult. */
#ifndef SEGRETERIA_DB_RESULT_PRIVATE_H
#define SEGRETERIA_DB_RESULT_PRIVATE_H

#include <libpq-fe.h>

#include "segreteria/db/result.h"

/* How much the results of one lane hold. Outlives the lane if results do. */
struct db_budget {
    size_t refs; /* the lane's and one for each db_memory */
    size_t bytes;
};

struct db_memory {
    size_t refs;
    size_t bytes;
    PGresult *rows;
    struct db_budget *budget;
};

struct db_result {
    enum db_outcome outcome;
    struct db_memory *memory; /* NULL when there is nothing to point into */
    int first_row;
    size_t rows;
    char sqlstate[6];
};

NODISCARD struct db_budget *db_budget_create(void); /* NULL when out of memory; one reference */
void db_budget_release(struct db_budget *budget);   /* NULL is allowed */

/* Takes the PGresult (cleared here on failure). NULL when out of memory. One reference. */
struct db_memory *db_memory_take(PGresult *rows, struct db_budget *budget);
/* One row of it in memory of its own. NULL when out of memory. */
struct db_memory *db_memory_copy_row(const struct db_memory *memory, int row);

#endif
