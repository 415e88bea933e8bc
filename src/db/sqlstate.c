/* The SQLSTATE table. An entry is a whole code or a class (its first characters); the first that
 * fits counts. */
#include "segreteria/db/sqlstate.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *prefix;
    int status;
    const char *code;
} table[] = {
    {"23505", 409, "conflict"}, /* unique_violation */
    {"23P01", 409, "conflict"}, /* exclusion_violation */
    {"23001", 409, "conflict"}, /* restrict_violation */
    {"23", 422,
     "validation_failed"}, /* the other integrity constraints: check, not null, foreign key */
    {"22", 422, "validation_failed"}, /* data exceptions: out of range, not representable */
    {"54", 422, "validation_failed"}, /* program limits: a value too long for its index */
    {"40", 503, "overloaded"},    /* serialization failure, deadlock: the lane has tried twice */
    {"55P03", 503, "overloaded"}, /* lock_not_available */
    {"57014", 503, "overloaded"}, /* query_canceled: statement_timeout */
    {"53", 503,
     "overloaded"}, /* insufficient resources: disk full, out of memory, too many connections */
    {"25006", 503, "unavailable"}, /* read_only_sql_transaction: a standby or a failover */
    {"08", 503, "unavailable"},    /* connection exceptions */
    {"57P", 503, "unavailable"},   /* shutdown, crash, start-up */
    {"58", 503, "unavailable"},    /* system errors outside PostgreSQL */
    /* in_context (migration 0015): what let the request in ended while it was under way */
    {DB_SQLSTATE_CALLER_ENDED, 401, "invalid_token"},
    {DB_SQLSTATE_CALLER_CHANGED, 403, "forbidden"},
    {DB_SQLSTATE_COMPANY_SUSPENDED, 403, "company_suspended"},
};

struct db_refusal db_sqlstate_refusal(const char *sqlstate) {
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strncmp(sqlstate, table[i].prefix, strlen(table[i].prefix)) == 0)
            return (struct db_refusal){.status = table[i].status, .code = table[i].code};
    return (struct db_refusal){.status = 500, .code = "internal_error"};
}
