/* Content codings of answers: gzip (RFC 1952), br (RFC 7932), zstd (RFC 8878), at levels that cost
 * less than they save. */
#ifndef SEGRETERIA_HTTP_COMPRESS_H
#define SEGRETERIA_HTTP_COMPRESS_H

#include "negotiate.h"
#include "segreteria/core/status.h"
#include "segreteria/core/str.h"

#define COMPRESS_MIN 860 /* bytes: below, head and packet cost more than the body */
#define COMPRESS_MAX ((size_t)8 * 1024 * 1024) /* above, it would hold up the loop */

struct compressor; /* keeps the codecs' memory between answers; one a thread */

NODISCARD enum status compressor_create(struct compressor **out);
void compressor_destroy(struct compressor *compressor);

/* Whether content of this type gets smaller. */
bool compress_type(struct str content_type);

/* parts in order -> one block from malloc, which the caller frees. TOO_LARGE: it did not get
 * smaller. */
NODISCARD enum status compress_parts(struct compressor *compressor, enum coding coding,
                                     const struct str *parts, size_t count, char **out,
                                     size_t *out_len);

#endif
