/* How a result is kept: a window of rows into a counted PGresult. */
#ifndef SEGRETERIA_DB_RESULT_PRIVATE_H
#define SEGRETERIA_DB_RESULT_PRIVATE_H

#include <libpq-fe.h>

#include "segreteria/db/result.h"

struct db_memory {
    size_t refs;
    PGresult *rows;
};

struct db_result {
    enum db_outcome outcome;
    struct db_memory *memory; /* NULL when there is nothing to point into */
    int first_row;
    size_t rows;
    char sqlstate[6];
};

/* Takes the PGresult (cleared here on failure). NULL when out of memory. One reference. */
struct db_memory *db_memory_take(PGresult *rows);

#endif
