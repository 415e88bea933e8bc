/* A contract small enough for the http room's own tests: the problem codes that room answers, and a
 * few operations. */
#ifndef TESTS_UNIT_HTTP_HELPER_CATALOGUE_H
#define TESTS_UNIT_HTTP_HELPER_CATALOGUE_H

#include "segreteria/contract/contract.h"

struct contract *test_contract(void); /* aborts when it cannot be made */

#endif
