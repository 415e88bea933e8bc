/* What the text of a vacancy or of a question may not ask or say: rules of src/lint/rules.yaml, in
 * Italian and English, each with the law it follows from. A finding is advice or a reason not to
 * publish; it is found by patterns, so it can be wrong, and the rules say what they spare.
 */
#ifndef SEGRETERIA_LINT_LINT_H
#define SEGRETERIA_LINT_LINT_H

#include <stdbool.h>

#include "segreteria/contract/contract.h"
#include "segreteria/core/arena.h"
#include "segreteria/core/buf.h"
#include "segreteria/core/status.h"
#include "segreteria/core/str.h"

/* One rule; texts are owned by the struct lint it came from. */
struct lint_rule {
    const char *id;            /* "pay_history" */
    const char *article;       /* the law: "D.Lgs. 198/2006, art. 27" */
    const char *detail[2];     /* by enum lang */
    const char *suggestion[2]; /* by enum lang */
    bool error;                /* stops publishing in its countries */
    const char *const *countries;
    size_t countries_count;
};

#define LINT_FINDINGS_MAX 100 /* of one list; what is found beyond them is not told */

/* What was found, in order of the rules. */
struct lint_finding {
    const struct lint_rule *rule;
    struct str words; /* points into the text */
    size_t start;     /* where, in characters (code points) from the beginning of the text */
    size_t length;    /* in characters */
};

struct lint_findings {
    size_t count;
    struct lint_finding list[LINT_FINDINGS_MAX];
};

struct lint;

/* Compiles the rules (JSON text). Immutable afterwards, for all threads. On INVALID, error says
 * which rule and why. */
NODISCARD enum status lint_create(struct str rules, struct lint **out, struct buf *error);
void lint_destroy(struct lint *lint);

/* Adds what is found in a text of valid UTF-8; each place once for a rule. The time is bounded by
 * the text's length: a pattern that would need more than its share of steps finds nothing there.
 * NO_MEMORY: the findings are not complete. Thread-safe. */
NODISCARD enum status lint_text(const struct lint *lint, struct str text,
                                struct lint_findings *findings);

/* Whether the rule stops publishing a vacancy of this country (ISO 3166-1, two letters). */
bool lint_rule_stops(const struct lint_rule *rule, struct str country);

#endif
