/* What the cluster's own files share. Not for other rooms. */
#ifndef SEGRETERIA_DB_CLUSTER_PRIVATE_H
#define SEGRETERIA_DB_CLUSTER_PRIVATE_H

#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <sys/types.h>

#include "segreteria/db/cluster.h"

#define CLUSTER_OLDEST_MAJOR 15
#define CLUSTER_PORT 5432        /* only part of the socket's name */
#define CLUSTER_OUTPUT_MAX 65536 /* bytes kept of what a program says */

#define STOP_FAST_MS 60000     /* for PostgreSQL's last checkpoint, which a slow disk draws out */
#define STOP_IMMEDIATE_MS 6000 /* it gives its own processes 5 seconds */

enum cluster_state {
    CLUSTER_STOPPED,
    CLUSTER_STARTING, /* the process exists */
    CLUSTER_READY,
    CLUSTER_PAUSED /* ended by itself; started again at restart_at_ms */
};

struct cluster {
    char *data_dir; /* as the person named it: for messages only */
    int dir_fd;
    int lock_fd; /* -1 when attached */
    uid_t uid;
    gid_t gid;
    char user[256];

    char prefix[40]; /* "/proc/self/fd/N": dir_fd as a path */
    char name[32];   /* "postgresql-15" */
    char conninfo[160];
    char bin[PATH_MAX]; /* directory of the programs */
    int major;
    char *postgres_bin; /* absolute; NULL: searched for */
    bool (*cancelled)(void *context);
    void *context;
    bool gave_up; /* cancelled has said true */

    enum cluster_state state;
    pid_t pid;
    int output_fd; /* what PostgreSQL says until its log takes over; -1 when none */
    struct buf output;
    uint64_t started_at_ms;
    uint64_t restart_at_ms;
    uint64_t restart_pause_ms;
    uint64_t orphans_since_ms; /* 0: none seen */
    int orphans_signal;        /* the last one sent to them */
};

/* ---- cluster.c ---- */

/* Sticks once it is true. */
bool cluster_is_cancelled(struct cluster *cluster);

/* ---- cluster_dir.c ---- */
NODISCARD enum status cluster_dir_open(struct cluster *cluster,
                                       const struct cluster_options *options, bool make,
                                       struct buf *error);
NODISCARD enum status cluster_dir_lock(struct cluster *cluster, struct buf *error);

/* mkdir (0700) inside the data directory; there already is fine. */
NODISCARD enum status cluster_dir_make(const struct cluster *cluster, const char *name,
                                       struct buf *error);

/* Removes a tree below the directory dir_fd without following links. Absent is fine. */
NODISCARD enum status cluster_dir_remove(int dir_fd, const char *name, int depth);

/* Writes a file (0600) under a temporary name, syncs and renames it. `path` is relative to the data
 * directory. */
NODISCARD enum status cluster_dir_write(const struct cluster *cluster, const char *path,
                                        struct str content, struct buf *error);

/* True if that file has exactly this content. */
bool cluster_dir_holds(const struct cluster *cluster, const char *path, struct str content);

/* The entries of the data directory, to be closed by the caller; NULL with one line in `error`. */
DIR *cluster_dir_list(const struct cluster *cluster, struct buf *error);

/* The first line of that file without its end, cut at size - 1 bytes; "" when it cannot be read. */
void cluster_dir_first_line(const struct cluster *cluster, const char *path, char *out,
                            size_t size);

/* "<what> <data_dir>/<name>: <errno as text>" */
void cluster_dir_error(const struct cluster *cluster, const char *what, const char *name,
                       struct buf *error);

/* ---- cluster_find.c ---- */

/* Sets major, bin, name; looks at the clusters in the data directory and the programs on the
 * machine. *exists tells whether initdb has been run. */
NODISCARD enum status cluster_find(struct cluster *cluster, bool *exists, struct buf *error);

/* The major version of the only cluster in the directory; 0 for none. */
NODISCARD enum status cluster_find_existing(const struct cluster *cluster, int *major,
                                            struct buf *error);

/* "postgres (PostgreSQL) 15.20 (Debian ...)" -> 15; 0 if it is something else. */
int cluster_version_parse(struct str text);

/* ---- cluster_init.c ---- */
NODISCARD enum status cluster_init(struct cluster *cluster, struct buf *error);

/* Writes the settings made for this machine and who may connect; at each start. */
NODISCARD enum status cluster_configure(const struct cluster *cluster, const char *name,
                                        struct buf *error);

/* ---- cluster_cause.c ---- */

/* Appends why a program failed, in one line: its first error, else the first in PostgreSQL's log
 * since its last start, else all it said. */
void cluster_cause(const struct cluster *cluster, struct str output, struct buf *error);

/* ---- cluster_leftover.c ---- */
struct cluster_postmaster {
    pid_t pid; /* 0: no file */
    bool ready;
};
struct cluster_postmaster cluster_postmaster_read(const struct cluster *cluster);

/* Asks what still runs in our directory to end, harder the longer it takes. True when nothing is
 * left. */
bool cluster_orphans_gone(struct cluster *cluster);

/* PostgreSQL must not run when this is called. */
void cluster_remove_stale_pid_file(const struct cluster *cluster);

/* ---- cluster_memory.c ---- */

/* Memory the process may use in bytes: the least of the machine's and its control groups'. `root`
 * is "" but in tests. */
uint64_t cluster_memory_bytes(const char *root);

/* ---- cluster_process.c ---- */
struct cluster_program {
    const char *const *argv; /* argv[0] is an absolute path; NULL at the end */
    int keep_fd;             /* stays open in the program; -1: none */
    int death_signal;        /* what the program gets when this thread ends */
};

/* Starts it in a session of its own with a clean signal state and environment. Standard output and
 * error go to *output_fd (non-blocking), standard input comes from input_fd. */
NODISCARD enum status cluster_spawn(const struct cluster_program *program, int input_fd, pid_t *pid,
                                    int *output_fd, struct buf *error);

/* Runs a program to its end. OK whatever its exit status; TIMEOUT after timeout_ms or when
 * cancelled. */
NODISCARD enum status cluster_run(struct cluster *cluster, const struct cluster_program *program,
                                  struct str input, uint64_t timeout_ms, struct buf *output,
                                  int *exit_status, struct buf *error);

/* Reads what is there; never blocks. False at the end of the stream. */
bool cluster_drain(int fd, struct buf *output);

/* Signals the PostgreSQL processes that work in `name` below the data directory.
 * Returns how many. */
size_t cluster_signal_all(const struct cluster *cluster, const char *name, int signal);

/* True if that process is a PostgreSQL that works in `name` below the data directory. */
bool cluster_is_ours(const struct cluster *cluster, const char *name, pid_t pid);

void cluster_sleep_ms(unsigned ms);

#endif
