/* What a failed statement means to a client: one table from SQLSTATE to HTTP status and problem
 * code. Thread-safe. */
#ifndef SEGRETERIA_DB_SQLSTATE_H
#define SEGRETERIA_DB_SQLSTATE_H

/* What the data base raises when the caller's right has gone meanwhile (migration 0015). */
#define DB_SQLSTATE_CALLER_ENDED "SG003"      /* 401 invalid_token */
#define DB_SQLSTATE_CALLER_CHANGED "SG004"    /* 403 forbidden */
#define DB_SQLSTATE_COMPANY_SUSPENDED "SG005" /* 403 company_suspended */

/* Which rule of the request body was broken is a matter of the constraint: see constraints.h. */
struct db_refusal {
    int status;       /* HTTP; 503 goes with Retry-After */
    const char *code; /* of the problem; static */
};

/* An unknown SQLSTATE is a bug of ours: 500 internal_error. */
struct db_refusal db_sqlstate_refusal(const char *sqlstate);

#endif
