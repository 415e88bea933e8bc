/* Schemas and instances as JSON texts, for the tests of the schema validator. */
#ifndef SEGRETERIA_TESTS_HELPER_SCHEMA_H
#define SEGRETERIA_TESTS_HELPER_SCHEMA_H

#include "segreteria/contract/schema.h"

struct schema_fixture {
    json_t *root;
    struct schema_set *set;
    const struct schema *schema;
    struct arena arena;
    struct violations violations;
};

/* Compiles the schema at `pointer` of the text; fails the test if that does not work. */
void fixture_open(struct schema_fixture *fixture, const char *schema, const char *pointer);
void fixture_close(struct schema_fixture *fixture);

/* Validates; the violations as "pointer code;pointer code;", "" when valid. Good until the next
 * call or close. */
const char *fixture_codes(struct schema_fixture *fixture, const char *instance);
/* The sentences of the violations of the last call, each followed by ";". */
const char *fixture_texts(struct schema_fixture *fixture, const char *lang);

/* One schema, one instance. */
void assert_codes(const char *schema, const char *instance, const char *expected);

/* What compiling answers; the error text goes to error (which may be NULL). */
enum status compile_status(const char *schema, struct buf *error);

json_t *json_of(const char *text);

#endif
