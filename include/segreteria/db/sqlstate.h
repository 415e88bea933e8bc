/* What a failed statement means to a client: one table from SQLSTATE to HTTP status and problem
 * code. Thread-safe. */
#ifndef SEGRETERIA_DB_SQLSTATE_H
#define SEGRETERIA_DB_SQLSTATE_H

/* status 503 goes with Retry-After. pointer and violation: where in the request body and which
 * rule, when the constraint tells (see constraints.h); else NULL. All texts are static or live as
 * long as the constraints. */
struct db_refusal {
    int status;
    const char *code;
    const char *pointer;
    const char *violation;
};

/* constraint: its name or "". An unknown SQLSTATE is a bug of ours: 500 internal_error. */
struct db_refusal db_sqlstate_refusal(const char *sqlstate, const char *constraint);

#endif
