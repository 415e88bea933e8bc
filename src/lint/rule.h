/* A compiled rule: private to the room. */
#ifndef SEGRETERIA_LINT_RULE_H
#define SEGRETERIA_LINT_RULE_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <jansson.h>
#include <pcre2.h>

#include "segreteria/lint/lint.h"

struct patterns {
    size_t count;
    pcre2_code **list;
};

struct rule {
    struct lint_rule shown;
    struct patterns find;            /* what is looked for */
    struct patterns unless;          /* a match that overlaps one of these does not count */
    struct patterns unless_sentence; /* nor does one in a sentence where one of these matches */
};

struct lint {
    json_t *document; /* owns the texts */
    pcre2_code *sentence_end;
    size_t count;
    struct rule *rules;
};

/* rules.c: one rule from its JSON form. */
NODISCARD enum status rule_compile(const json_t *rule, const json_t *words, struct rule *out,
                                   struct buf *error);
void rule_free(struct rule *rule);
/* A pattern for the whole room: caseless, Unicode, compiled to machine code where PCRE2 can. */
NODISCARD enum status pattern_compile(struct str pattern, pcre2_code **out, struct buf *error);

#endif
