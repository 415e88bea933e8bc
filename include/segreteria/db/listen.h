/* LISTEN on a connection of its own, with reconnects. Thread: the loop's own. */
#ifndef SEGRETERIA_DB_LISTEN_H
#define SEGRETERIA_DB_LISTEN_H

#include <stddef.h>

#include "segreteria/core/status.h"
#include "segreteria/worker/helpers.h"
#include "segreteria/worker/loop.h"

struct db_listener;

struct db_listener_options {
    const char *conninfo; /* copied */
    struct loop *loop;
    struct helpers *helpers;     /* for name resolution; may be NULL */
    const char *const *channels; /* plain lower-case identifiers, at most 16; borrowed */
    size_t channels_count;
    void *context;
    /* Both texts are valid during the call; payload is "" where there is none. */
    void (*on_notify)(void *context, const char *channel, const char *payload);
    /* Called each time LISTEN holds (again): what was missed meanwhile is unknown, so forget all
     * cached state. */
    void (*on_listening)(void *context);
    void (*on_deaf)(void *context); /* LISTEN holds no more; may be NULL */
};

/* Begins to connect, to a server that takes writes (a standby delivers nothing); does not wait.
 * INVALID: the conninfo cannot be read, holds host names without helpers, or a channel is none. */
NODISCARD enum status db_listener_create(const struct db_listener_options *options,
                                         struct db_listener **out);
void db_listener_destroy(struct db_listener *listener); /* NULL is allowed */

#endif
