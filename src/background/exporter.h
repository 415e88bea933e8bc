/* Makes the files that people asked for with POST /v1/me/export, one after the other, on a thread
 * of its own with connections of its own, which it has only while it makes one. Any number of
 * instances may: each takes what no other has (migration 0181). What it does not finish, because
 * the process ends or the data base goes away, is begun again by whoever takes it next.
 */
#ifndef SEGRETERIA_BACKGROUND_EXPORTER_H
#define SEGRETERIA_BACKGROUND_EXPORTER_H

#include "segreteria/auth/keys.h"
#include "segreteria/core/status.h"

#define EXPORTER_CONNECTIONS 2

struct exporter;

struct exporter_options {
    const char *conninfo; /* borrowed */
    _Atomic(const struct keys *) *keys;
    unsigned max_mib; /* of a file */
};

NODISCARD enum status exporter_start(const struct exporter_options *options, struct exporter **out);
/* Something waits. Any thread. */
void exporter_wake(struct exporter *exporter);
/* Breaks off what is being made and ends the thread. NULL is allowed. */
void exporter_stop(struct exporter *exporter);

#endif
