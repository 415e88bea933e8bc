/* Byte ranges (RFC 9110 section 14). */
#ifndef SEGRETERIA_API_DOCUMENTS_RANGE_H
#define SEGRETERIA_API_DOCUMENTS_RANGE_H

#include <stdint.h>

#include "segreteria/core/str.h"

enum range_answer { RANGE_WHOLE, RANGE_PART, RANGE_UNSATISFIABLE };

/* What a Range field asks of `size` bytes (at least 1): from..to, both included. WHOLE: no field,
 * not bytes, malformed, or several ranges, all of which a server may ignore. */
enum range_answer range_parse(struct str field, uint64_t size, uint64_t *from, uint64_t *to);

#endif
