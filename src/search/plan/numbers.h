/* Numbers and moments in the parameters of a search, exactly as PostgreSQL reads them. */
#ifndef SEARCH_PLAN_NUMBERS_H
#define SEARCH_PLAN_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

#include "segreteria/core/str.h"

#define NUMBERS_MILLION INT64_C(1000000)

/* A decimal number of 0 to 10^9 with at most six decimals, as millionths. False: it is something
 * else. */
bool numbers_millionths(struct str text, int64_t *out);
/* An RFC 3339 date-time as microseconds since 1970, of a year from 1 on, at most six decimals, no
 * leap second. False: it is something else. */
bool numbers_timestamp_us(struct str text, int64_t *out);

#endif
