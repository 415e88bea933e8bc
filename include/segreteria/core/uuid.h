/* UUIDs (RFC 9562). Version 7 for every id the server makes. Thread-safe. */
#ifndef SEGRETERIA_CORE_UUID_H
#define SEGRETERIA_CORE_UUID_H

#include <stdbool.h>
#include <stdint.h>

#include "segreteria/core/status.h"
#include "segreteria/core/str.h"

struct uuid {
    uint8_t bytes[16];
};

#define UUID_TEXT_SIZE 37 /* 36 characters and a NUL */

/* Version 7: 48 bits of Unix milliseconds, the rest random (section 5.7, sub-millisecond order not
 * promised). */
struct uuid uuid_v7(void);

/* Lower-case, hyphenated. */
void uuid_format(const struct uuid *uuid, char out[UUID_TEXT_SIZE]);

/* The 36-character form in either case, any version; nothing else ("{...}", no hyphens) is
 * accepted. */
NODISCARD enum status uuid_parse(struct str text, struct uuid *out);

#endif
