/* What a violated constraint means to a client: where in the request body, which rule, and how to
 * say it. Kept in the data base beside the constraints (table constraint_rules), read once at
 * start. Immutable afterwards: any thread may look things up.
 */
#ifndef SEGRETERIA_DB_CONSTRAINTS_H
#define SEGRETERIA_DB_CONSTRAINTS_H

#include "segreteria/core/buf.h"
#include "segreteria/core/status.h"

struct db_constraint {
    const char *name;
    const char *pointer;               /* RFC 6901; "" is the whole document */
    const char *code;                  /* errors[].code */
    const char *detail_en, *detail_it; /* errors[].detail */
};

struct db_constraints;

/* Blocks, on a connection of its own: for the main thread, after the migrations. On failure `error`
 * holds one line for a person. */
NODISCARD enum status db_constraints_load(const char *conninfo, struct db_constraints **out,
                                          struct buf *error);
void db_constraints_destroy(struct db_constraints *constraints); /* NULL is allowed */

/* NULL: no rule for that constraint (or constraints is NULL, or name is ""). */
const struct db_constraint *db_constraints_find(const struct db_constraints *constraints,
                                                const char *name);

/* `{"errors":[{"pointer":...,"code":...,"detail":...}]}` in `lang` ("it", else English), appended
 * to out: the members of a problem document. */
void db_constraint_members(const struct db_constraint *constraint, const char *lang,
                           struct buf *out);

#endif
