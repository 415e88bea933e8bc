/* Time. Monotonic for deadlines, wall clock for what people read. Thread-safe. */
#ifndef SEGRETERIA_CORE_CLOCK_H
#define SEGRETERIA_CORE_CLOCK_H

#include <stdint.h>

#include "segreteria/core/status.h"
#include "segreteria/core/str.h"

uint64_t clock_monotonic_ms(void);
uint64_t clock_monotonic_us(void);
uint64_t clock_thread_us(void); /* processor time of the calling thread */
int64_t clock_unix_ms(void);    /* since 1970-01-01T00:00:00Z */

/* "2026-11-23T15:43:00Z" (RFC 3339, whole seconds), NUL-terminated. */
#define CLOCK_RFC3339_SIZE 21
void clock_format_rfc3339(int64_t unix_ms, char out[CLOCK_RFC3339_SIZE]);

/* "Mon, 23 Nov 2026 15:43:00 GMT" (RFC 9110 section 5.6.7), NUL-terminated. */
#define CLOCK_HTTP_DATE_SIZE 30
void clock_format_http_date(int64_t unix_ms, char out[CLOCK_HTTP_DATE_SIZE]);

#endif
