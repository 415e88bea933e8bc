/* Proactive negotiation (RFC 9110 section 12): media types, codings, languages. Pure functions of
 * field values. */
#ifndef SEGRETERIA_HTTP_NEGOTIATE_H
#define SEGRETERIA_HTTP_NEGOTIATE_H

#include "segreteria/contract/contract.h"
#include "segreteria/core/str.h"

enum coding {
    CODING_IDENTITY,
    CODING_GZIP,
    CODING_BR,
    CODING_ZSTD,
    CODING_NONE /* nothing is acceptable */
};
const char *coding_name(enum coding coding);

/* The coding to use for Accept-Encoding (STR_NONE: absent). Of equal quality the one that costs
 * least: zstd, br, gzip, before identity. compressible = false: identity, unless that is ruled out.
 */
enum coding negotiate_coding(struct str accept_encoding, bool compressible);

enum lang negotiate_lang(struct str accept_language);

#endif
