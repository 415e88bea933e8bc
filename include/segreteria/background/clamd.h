/* Where a virus scanner listens (clamd). */
#ifndef SEGRETERIA_BACKGROUND_CLAMD_H
#define SEGRETERIA_BACKGROUND_CLAMD_H

#include <sys/socket.h>

#include "segreteria/core/status.h"
#include "segreteria/core/str.h"

struct clamd_address {
    struct sockaddr_storage socket;
    socklen_t len; /* 0: no scanner */
};

/* "/run/clamav/clamd.ctl", "192.0.2.7:3310" or "[2001:db8::7]:3310". INVALID: none of these; names
 * are not looked up. */
NODISCARD enum status clamd_address_parse(struct str text, struct clamd_address *out);

#endif
