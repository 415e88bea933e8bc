/* The private cluster's life: open, start, watch, stop. cluster.h has the order of use.
 *
 * PostgreSQL is our child. It is stopped three ways: by cluster_stop; by the kernel
 * (PR_SET_PDEATHSIG), when the server is killed; by the next start, when even that did not end it.
 * Whether it is ready is read from postmaster.pid, as pg_ctl does it: connecting to a server that
 * starts would fill its log with refusals.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster_private.h"
#include "segreteria/core/clock.h"
#include "segreteria/core/log.h"

#define WATCH_MS 1000       /* between two looks at a PostgreSQL that is ready */
#define STEP_MS 5           /* between two looks at one that starts */
#define SLOW_START_MS 10000 /* tell the log that it takes long, as often */
#define PAUSE_LEAST_MS 100
#define PAUSE_MOST_MS 10000
#define SETTLED_MS 60000 /* ran so long: the next failure is a new one */

static void set_conninfo(struct cluster *cluster) {
    snprintf(cluster->conninfo, sizeof cluster->conninfo,
             "host=%s/run port=%d user=segreteria dbname=segreteria", cluster->prefix,
             CLUSTER_PORT);
}

static enum status cluster_make(const struct cluster_options *options, struct cluster **out,
                                struct buf *error) {
    struct cluster *cluster = calloc(1, sizeof *cluster);
    if (cluster == NULL) {
        buf_append_text(error, "out of memory");
        return STATUS_NO_MEMORY;
    }
    cluster->dir_fd = -1;
    cluster->lock_fd = -1;
    cluster->output_fd = -1;
    cluster->cancelled = options->cancelled;
    cluster->context = options->context;
    buf_init(&cluster->output, CLUSTER_OUTPUT_MAX);

    struct buf dir;
    buf_init(&dir, PATH_MAX);
    enum status status = STATUS_OK;
    if (options->data_dir == NULL) {
        status = cluster_default_data_dir(&dir, error);
    } else {
        buf_append_text(&dir, options->data_dir);
    }
    if (status == STATUS_OK) {
        cluster->data_dir = strdup(dir.data == NULL ? "" : dir.data);
        if (options->postgres_bin != NULL) {
            cluster->postgres_bin = realpath(options->postgres_bin, NULL);
        }
        if (cluster->data_dir == NULL || buf_status(&dir) != STATUS_OK) {
            buf_append_text(error, "out of memory");
            status = STATUS_NO_MEMORY;
        } else if (options->postgres_bin != NULL && cluster->postgres_bin == NULL) {
            buf_printf(error, "there is no directory %s (--postgres-bin)", options->postgres_bin);
            status = STATUS_NOT_FOUND;
        }
    }
    buf_deinit(&dir);
    if (status != STATUS_OK) {
        cluster_close(cluster);
        return status;
    }
    *out = cluster;
    return STATUS_OK;
}

enum status cluster_open(const struct cluster_options *options, struct cluster **out,
                         struct buf *error) {
    struct cluster *cluster = NULL;
    enum status status = cluster_make(options, &cluster, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = cluster_dir_open(cluster, options, true, error);
    if (status == STATUS_OK && !options->shared) {
        status = cluster_dir_lock(cluster, error);
    }
    if (status != STATUS_OK) {
        cluster_close(cluster);
        return status;
    }
    set_conninfo(cluster);
    *out = cluster;
    return STATUS_OK;
}

enum status cluster_attach(const struct cluster_options *options, struct cluster **out,
                           struct buf *error) {
    struct cluster *cluster = NULL;
    enum status status = cluster_make(options, &cluster, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = cluster_dir_open(cluster, options, false, error);
    if (status == STATUS_OK) {
        status = cluster_find_existing(cluster, &cluster->major, error);
        if (status == STATUS_OK && cluster->major == 0) {
            buf_printf(error, "there is no cluster in %s", cluster->data_dir);
            status = STATUS_NOT_FOUND;
        }
    }
    if (status != STATUS_OK) {
        cluster_close(cluster);
        return status;
    }
    set_conninfo(cluster);
    *out = cluster;
    return STATUS_OK;
}

/* ---- Start ---- */

static enum status spawn_postgres(struct cluster *cluster, struct buf *error) {
    char program[PATH_MAX + 16];
    char directory[96];
    char socket[96];
    char port[32];
    snprintf(program, sizeof program, "%s/postgres", cluster->bin);
    snprintf(directory, sizeof directory, "%s/%s", cluster->prefix, cluster->name);
    snprintf(socket, sizeof socket, "unix_socket_directories=%s/run", cluster->prefix);
    snprintf(port, sizeof port, "port=%d", CLUSTER_PORT);
    /* What must hold whatever the settings files say. */
    const char *const argv[] = {program,
                                "-D",
                                directory,
                                "-c",
                                "listen_addresses=",
                                "-c",
                                socket,
                                "-c",
                                port,
                                "-c",
                                "unix_socket_permissions=0700",
                                NULL};
    struct cluster_program postgres = {
        .argv = argv, .keep_fd = cluster->dir_fd, .death_signal = SIGINT};
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0) {
        buf_printf(error, "cannot open /dev/null: %s", strerror(errno));
        return STATUS_IO;
    }
    enum status status = cluster_spawn(&postgres, null, &cluster->pid, &cluster->output_fd, error);
    close(null);
    if (status == STATUS_OK) {
        buf_clear(&cluster->output);
        cluster->state = CLUSTER_STARTING;
        cluster->started_at_ms = clock_monotonic_ms();
    }
    return status;
}

static void output_close(struct cluster *cluster) {
    if (cluster->output_fd >= 0) {
        close(cluster->output_fd);
        cluster->output_fd = -1;
    }
}

/* True when the child has ended; *wait_status then says how. */
static bool child_reap(struct cluster *cluster, int *wait_status) {
    if (cluster->pid <= 0) {
        return true;
    }
    *wait_status = 0;
    pid_t reaped = waitpid(cluster->pid, wait_status, WNOHANG);
    if (reaped == 0 || (reaped < 0 && errno == EINTR)) {
        return false;
    }
    if (cluster->output_fd >= 0) {
        cluster_drain(cluster->output_fd, &cluster->output);
    }
    output_close(cluster);
    cluster->pid = 0;
    return true;
}

/* Moves STARTING on to READY when it is. */
static void look_whether_ready(struct cluster *cluster) {
    if (!cluster_drain(cluster->output_fd, &cluster->output)) {
        /* Closed by all: PostgreSQL is about to end, which the next look sees. */
        return;
    }
    struct cluster_postmaster file = cluster_postmaster_read(cluster);
    if (file.pid == cluster->pid && file.ready) {
        output_close(cluster); /* from here on its own log has it */
        buf_clear(&cluster->output);
        cluster->state = CLUSTER_READY;
        log_info("cluster_ready", "major=%d pid=%d ms=%llu", cluster->major, (int)cluster->pid,
                 (unsigned long long)(clock_monotonic_ms() - cluster->started_at_ms));
    }
}

bool cluster_is_cancelled(struct cluster *cluster) {
    if (!cluster->gave_up && cluster->cancelled != NULL) {
        cluster->gave_up = cluster->cancelled(cluster->context);
    }
    return cluster->gave_up;
}

static enum status cancel(struct cluster *cluster, struct buf *error) {
    cluster_stop(cluster);
    buf_append_text(error, "stopped while PostgreSQL was starting");
    return STATUS_TIMEOUT;
}

static enum status wait_until_ready(struct cluster *cluster, struct buf *error) {
    uint64_t told_ms = cluster->started_at_ms;
    for (;;) {
        int wait_status = 0;
        if (child_reap(cluster, &wait_status)) {
            cluster->state = CLUSTER_STOPPED;
            buf_printf(error, "PostgreSQL did not start in %s (more in log/): ", cluster->data_dir);
            cluster_cause(cluster, buf_str(&cluster->output), error);
            return STATUS_UNAVAILABLE;
        }
        look_whether_ready(cluster);
        if (cluster->state == CLUSTER_READY) {
            return STATUS_OK;
        }
        if (cluster_is_cancelled(cluster)) {
            return cancel(cluster, error);
        }
        if (clock_monotonic_ms() - told_ms >= SLOW_START_MS) {
            told_ms = clock_monotonic_ms();
            log_info("cluster_recovering", "pid=%d seconds=%llu", (int)cluster->pid,
                     (unsigned long long)((told_ms - cluster->started_at_ms) / 1000));
        }
        cluster_sleep_ms(STEP_MS);
    }
}

enum status cluster_start(struct cluster *cluster, struct buf *error) {
    if (geteuid() == 0 || cluster->lock_fd < 0) {
        buf_append_text(error, geteuid() == 0 ? "PostgreSQL does not run as root"
                                              : "the data directory was opened without its lock");
        return STATUS_INVALID;
    }
    bool exists = false;
    cluster->gave_up = false;
    enum status status = cluster_find(cluster, &exists, error);
    if (cluster->gave_up) {
        buf_clear(error);
        return cancel(cluster, error);
    }
    if (status == STATUS_OK) {
        status = cluster_dir_make(cluster, "run", error);
    }
    if (status == STATUS_OK) {
        status = cluster_dir_make(cluster, "log", error);
    }
    if (status == STATUS_OK && exists) {
        while (!cluster_orphans_gone(cluster)) {
            if (cluster_is_cancelled(cluster)) {
                return cancel(cluster, error);
            }
            cluster_sleep_ms(STEP_MS);
        }
        cluster_remove_stale_pid_file(cluster);
        status = cluster_configure(cluster, cluster->name, error);
    } else if (status == STATUS_OK) {
        status = cluster_init(cluster, error);
    }
    if (status == STATUS_OK) {
        status = spawn_postgres(cluster, error);
    }
    if (status == STATUS_OK) {
        cluster->restart_pause_ms = PAUSE_LEAST_MS;
        status = wait_until_ready(cluster, error);
    }
    return status;
}

/* ---- Watch ---- */

static void pause_restart(struct cluster *cluster, uint64_t now) {
    if (cluster->state == CLUSTER_READY && now - cluster->started_at_ms >= SETTLED_MS) {
        cluster->restart_pause_ms = PAUSE_LEAST_MS;
    }
    cluster->state = CLUSTER_PAUSED;
    cluster->restart_at_ms = now + cluster->restart_pause_ms;
    cluster->restart_pause_ms *= 2;
    if (cluster->restart_pause_ms > PAUSE_MOST_MS) {
        cluster->restart_pause_ms = PAUSE_MOST_MS;
    }
}

static void report_end(const struct cluster *cluster, int wait_status, uint64_t pause_ms) {
    struct buf cause;
    buf_init(&cause, 1024);
    if (cluster->output.len > 0) {
        cluster_cause(cluster, buf_str(&cluster->output), &cause);
    }
    log_error("cluster_ended", "signal=%d exit=%d restart_in_ms=%llu said=%s",
              WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0,
              WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1, (unsigned long long)pause_ms,
              log_quote(&(struct log_quoted){0}, buf_str(&cause)));
    buf_deinit(&cause);
}

static void try_restart(struct cluster *cluster, uint64_t now) {
    if (!cluster_orphans_gone(cluster)) {
        cluster->restart_at_ms = now + 50;
        return;
    }
    cluster_remove_stale_pid_file(cluster);
    struct buf error;
    buf_init(&error, 1024);
    if (spawn_postgres(cluster, &error) != STATUS_OK) {
        log_error("cluster_restart_failed", "cause=%s",
                  log_quote(&(struct log_quoted){0}, buf_str(&error)));
        pause_restart(cluster, now);
    }
    buf_deinit(&error);
}

int cluster_poll(struct cluster *cluster) {
    uint64_t now = clock_monotonic_ms();
    int wait_status = 0;
    if ((cluster->state == CLUSTER_STARTING || cluster->state == CLUSTER_READY) &&
        child_reap(cluster, &wait_status)) {
        pause_restart(cluster, now);
        report_end(cluster, wait_status, cluster->restart_at_ms - now);
        buf_clear(&cluster->output);
    }
    if (cluster->state == CLUSTER_PAUSED && now >= cluster->restart_at_ms) {
        try_restart(cluster, now);
    }
    if (cluster->state == CLUSTER_STARTING) {
        look_whether_ready(cluster);
    }
    switch (cluster->state) {
    case CLUSTER_STARTING: return STEP_MS * 2;
    case CLUSTER_PAUSED:
        return cluster->restart_at_ms > now ? (int)(cluster->restart_at_ms - now) : 1;
    case CLUSTER_READY:
    case CLUSTER_STOPPED: break;
    }
    return WATCH_MS;
}

/* ---- Stop ---- */

static bool stop_with(struct cluster *cluster, int sig, uint64_t patience_ms) {
    uint64_t deadline = clock_monotonic_ms() + patience_ms;
    kill(cluster->pid, sig);
    for (;;) {
        int wait_status = 0;
        if (child_reap(cluster, &wait_status)) {
            return true;
        }
        if (clock_monotonic_ms() >= deadline) {
            return false;
        }
        if (cluster->output_fd >= 0) {
            cluster_drain(cluster->output_fd, &cluster->output);
        }
        cluster_sleep_ms(STEP_MS);
    }
}

void cluster_stop(struct cluster *cluster) {
    if (cluster->pid > 0) {
        uint64_t begin = clock_monotonic_ms();
        if (!stop_with(cluster, SIGINT, STOP_FAST_MS) &&
            !stop_with(cluster, SIGQUIT, STOP_IMMEDIATE_MS)) {
            log_warn("cluster_killed", "pid=%d", (int)cluster->pid);
            cluster_signal_all(cluster, cluster->name, SIGKILL);
            (void)stop_with(cluster, SIGKILL, STOP_IMMEDIATE_MS);
        }
        log_info("cluster_stopped", "ms=%llu", (unsigned long long)(clock_monotonic_ms() - begin));
    }
    cluster->state = CLUSTER_STOPPED;
}

void cluster_close(struct cluster *cluster) {
    if (cluster == NULL) {
        return;
    }
    cluster_stop(cluster);
    output_close(cluster);
    buf_deinit(&cluster->output);
    if (cluster->lock_fd >= 0) {
        close(cluster->lock_fd);
    }
    if (cluster->dir_fd >= 0) {
        close(cluster->dir_fd);
    }
    free(cluster->data_dir);
    free(cluster->postgres_bin);
    free(cluster);
}

const char *cluster_conninfo(const struct cluster *cluster) { return cluster->conninfo; }

const char *cluster_data_dir(const struct cluster *cluster) { return cluster->data_dir; }

int cluster_major(const struct cluster *cluster) { return cluster->major; }

pid_t cluster_pid(const struct cluster *cluster) { return cluster->pid; }

int cluster_dir_fd(const struct cluster *cluster) { return cluster->dir_fd; }

bool cluster_is_ready(const struct cluster *cluster) { return cluster->state == CLUSTER_READY; }
