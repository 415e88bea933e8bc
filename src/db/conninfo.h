/* A libpq connection string, taken apart far enough to do its name resolution ourselves: libpq
 * would do it in the middle of PQconnectPoll, blocking the loop. Immutable after conninfo_create;
 * any thread may read it.
 */
#ifndef SEGRETERIA_DB_CONNINFO_H
#define SEGRETERIA_DB_CONNINFO_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

#include "segreteria/core/status.h"

#define ADDRESSES_MAX 16u

/* One place to connect to, as libpq's host, hostaddr and port. An empty hostaddr: a Unix socket. */
struct address {
    char host[256];
    char hostaddr[64];
    char port[8];
};

struct addresses {
    size_t count;
    struct address at[ADDRESSES_MAX];
};

struct conninfo {
    char *text;
    struct addresses
        hosts; /* as given; count 0: libpq's own default (a Unix socket) or hostaddr was given */
    bool needs_resolving;        /* some host is a name */
    bool sets_session_attrs;     /* the user said which kind of server */
    bool allows_keepalive_setup; /* the user said nothing about keepalives and TCP timeouts */
    bool sets_gssencmode;
};

/* INVALID: not a connection string (logged without its text, which may hold a password). */
NODISCARD enum status conninfo_create(const char *text, struct conninfo **out);
void conninfo_destroy(struct conninfo *conninfo);

/* Blocks in getaddrinfo: for a helper thread. Names that do not resolve are left out; NOT_FOUND
 * when nothing is left. */
NODISCARD enum status conninfo_resolve(const struct conninfo *conninfo, struct addresses *out);

/* Begins a connection to the addresses, tried in order from index `first` round. NULL when out of
 * memory; else see PQstatus. The statement timeout and the like are set after connecting, since
 * poolers refuse the `options` parameter. */
PGconn *conninfo_connect_start(const struct conninfo *conninfo, const struct addresses *addresses,
                               size_t first, const char *application_name, bool read_write);

#endif
