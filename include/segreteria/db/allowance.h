/* How many connections a data base lets this server have. Blocking: at start only. */
#ifndef SEGRETERIA_DB_ALLOWANCE_H
#define SEGRETERIA_DB_ALLOWANCE_H

#include <stddef.h>

#include "segreteria/core/buf.h"
#include "segreteria/core/status.h"

/* max_connections less what is reserved for superusers. */
NODISCARD enum status db_connections_allowed(const char *conninfo, size_t *out, struct buf *error);

#endif
