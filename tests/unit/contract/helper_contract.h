/* Small descriptions for the tests of the contract room. cmocka needs these headers in this order.
 */
#ifndef TESTS_UNIT_CONTRACT_HELPER_CONTRACT_H
#define TESTS_UNIT_CONTRACT_HELPER_CONTRACT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "segreteria/contract/contract.h"

/* A whole description around "paths" and "components" (JSON objects without their braces, ' for ").
 */
enum status helper_contract_try(const char *paths, const char *components, struct contract **out,
                                struct buf *error);
/* The same where it must succeed. */
struct contract *helper_contract(const char *paths, const char *components);
/* The minimum of an operation: id, then more members (' for ", beginning with a comma) or "". */
#define OPERATION(id, more)                                                                        \
    "{'operationId': '" id "', 'security': [], 'responses': {'200': {'description': 'x'}}" more "}"

/* Fails unless the text is `expected`. */
void assert_str(struct str actual, const char *expected);

#endif
