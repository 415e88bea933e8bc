/* The private PostgreSQL cluster: what the server runs when it is given no data base.
 *
 * Everything lives in one data directory (mode 0700, of the user the server runs as):
 *   lock               flock(2)ed by the one process that owns the directory; holds its pid
 *   postgresql-<major> the cluster, made by initdb
 *   run                its Unix socket; there is no TCP listener
 *   log                PostgreSQL's own log, a file for each day of the week
 *
 * Order of use: cluster_open (as root or not), cluster_drop_privileges, cluster_start, then
 * cluster_poll on SIGCHLD and when its timeout passes, at last cluster_stop and cluster_close. All
 * of it belongs to the main thread: PostgreSQL is sent SIGINT by the kernel when the thread that
 * started it ends. Only cluster_conninfo may be read by any thread.
 */
#ifndef SEGRETERIA_DB_CLUSTER_H
#define SEGRETERIA_DB_CLUSTER_H

#include <stdbool.h>
#include <sys/types.h>

#include "segreteria/core/buf.h"
#include "segreteria/core/status.h"

struct cluster;

struct cluster_options {
    const char *data_dir;     /* NULL: cluster_default_data_dir */
    const char *postgres_bin; /* directory of postgres and initdb; NULL: searched for */
    /* User to run as when started by root. NULL: the directory's owner if that is not root, else
     * the first of segreteria, postgres, nobody that exists. */
    const char *run_as;
    /* True: take no lock, for a server that uses a data base elsewhere and wants only its
     * directory; cluster_start must not be called. */
    bool shared;
    /* Asked while cluster_start waits; true gives up (STATUS_TIMEOUT). NULL: never. */
    bool (*cancelled)(void *context);
    void *context;
};

/* /var/lib/segreteria for root, else $XDG_DATA_HOME/segreteria or ~/.local/share/segreteria.
 * Appended to out. */
NODISCARD enum status cluster_default_data_dir(struct buf *out, struct buf *error);

/* Makes the data directory if need be, gives it to the right user, and takes its lock. Starts
 * nothing. BUSY when another process has the lock. On any failure `error` holds one line for a
 * person. */
NODISCARD enum status cluster_open(const struct cluster_options *options, struct cluster **out,
                                   struct buf *error);

/* The same directory without its lock, to talk to a cluster another process runs: cluster_conninfo
 * and cluster_close only. NOT_FOUND when no cluster is there. */
NODISCARD enum status cluster_attach(const struct cluster_options *options, struct cluster **out,
                                     struct buf *error);

/* The user the process should become. Does nothing unless the process is root. Irrevocable;
 * process-wide. */
NODISCARD enum status cluster_drop_privileges(const struct cluster *cluster, struct buf *error);

/* Runs initdb when there is no cluster yet, stops what a killed server left running, starts
 * PostgreSQL and waits until it takes connections; crash recovery may take its time. Not as root.
 * MISMATCH when the directory holds a cluster of another major version than the PostgreSQL that is
 * installed. */
NODISCARD enum status cluster_start(struct cluster *cluster, struct buf *error);

/* For libpq, from this process only: it names the socket through a file descriptor of this process,
 * so that neither the length of the data directory's path nor the permissions above it matter. */
const char *cluster_conninfo(const struct cluster *cluster);

const char *cluster_data_dir(const struct cluster *cluster);
int cluster_major(const struct cluster *cluster); /* 0 before cluster_start */
pid_t cluster_pid(const struct cluster *cluster); /* 0 while PostgreSQL does not run */

/* A descriptor of the data directory, to openat(2) the server's own files in it. Stays the
 * cluster's. */
int cluster_dir_fd(const struct cluster *cluster);

/* After cluster_start: notices that PostgreSQL ended, starts it again with growing pauses. Never
 * blocks for long. Returns in how many milliseconds it wants to be called again at the latest. */
int cluster_poll(struct cluster *cluster);

/* True when PostgreSQL was ready at the last cluster_poll. */
bool cluster_is_ready(const struct cluster *cluster);

/* Fast shutdown; harder after a minute. Returns when PostgreSQL has ended. */
void cluster_stop(struct cluster *cluster);

/* Stops what runs, releases the lock, frees. NULL is allowed. */
void cluster_close(struct cluster *cluster);

#endif
