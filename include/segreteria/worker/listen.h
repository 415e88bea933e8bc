/* Listening sockets: one per worker on the same address, so that the kernel spreads connections
 * without a shared lock. */
#ifndef SEGRETERIA_WORKER_LISTEN_H
#define SEGRETERIA_WORKER_LISTEN_H

#include <stddef.h>

#include "segreteria/core/buf.h"
#include "segreteria/core/status.h"
#include "segreteria/core/str.h"

/* address: "127.0.0.1:8080", "[::1]:8080", "localhost:8080", ":8080" (every address); port 0 takes
 * a free one. Opens `count` non-blocking listening sockets with SO_REUSEPORT into fds. bound
 * receives the address in the form above with the real port. EXISTS when another process listens
 * there. Blocking (name resolution): at start only. */
NODISCARD enum status listen_open(struct str address, size_t count, int *fds, struct buf *bound,
                                  struct buf *error);

#endif
