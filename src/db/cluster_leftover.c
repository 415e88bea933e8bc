/* What a killed server may leave: a PostgreSQL that still runs, or its pid file.
 *
 * A process is known as ours by its working directory, not by the number in postmaster.pid, which
 * may be anybody's by now.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "cluster_private.h"
#include "segreteria/core/clock.h"
#include "segreteria/core/log.h"

struct cluster_postmaster cluster_postmaster_read(const struct cluster *cluster) {
    struct cluster_postmaster file = {0};
    char path[64];
    char text[2048];
    snprintf(path, sizeof path, "%s/postmaster.pid", cluster->name);
    int fd = openat(cluster->dir_fd, path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
    if (fd >= 0) {
        close(fd);
    }
    if (n <= 0) {
        return file;
    }
    /* The first line is the pid, the eighth the state. */
    struct str rest = str_from(text, (size_t)n);
    struct str line;
    for (int number = 1; str_split(&rest, '\n', &line); number++) {
        uint64_t pid = 0;
        if (number == 1 && str_to_u64(str_trim(line), INT_MAX, &pid) == STATUS_OK) {
            file.pid = (pid_t)pid;
        } else if (number == 8) {
            file.ready = str_eq(str_trim(line), STR("ready"));
        }
    }
    return file;
}

/* Asks what still runs in our directory to end, harder the longer it takes. True when nothing is
 * left. */
bool cluster_orphans_gone(struct cluster *cluster) {
    size_t count = cluster_signal_all(cluster, cluster->name, 0);
    if (count == 0) {
        cluster->orphans_since_ms = 0;
        cluster->orphans_signal = 0;
        return true;
    }
    uint64_t now = clock_monotonic_ms();
    if (cluster->orphans_since_ms == 0) {
        cluster->orphans_since_ms = now;
    }
    uint64_t waited = now - cluster->orphans_since_ms;
    pid_t postmaster = cluster_postmaster_read(cluster).pid;
    bool lives = postmaster > 0 && cluster_is_ours(cluster, cluster->name, postmaster);
    int sig = waited >= STOP_FAST_MS + STOP_IMMEDIATE_MS ? SIGKILL
              : lives && waited < STOP_FAST_MS           ? SIGINT
                                                         : SIGQUIT;
    if (!lives && waited >= STOP_IMMEDIATE_MS) {
        sig = SIGKILL;
    }
    if (sig == cluster->orphans_signal) {
        return false;
    }
    cluster->orphans_signal = sig;
    log_warn("cluster_orphans", "count=%zu postmaster=%d signal=%d", count,
             lives ? (int)postmaster : 0, sig);
    if (lives && sig != SIGKILL) {
        kill(postmaster, sig); /* it ends its own processes */
    } else {
        cluster_signal_all(cluster, cluster->name, sig);
    }
    return false;
}

/* PostgreSQL takes a postmaster.pid for valid when any process of our user has that number, which
 * in a container is soon the case. We have looked: no PostgreSQL works in the directory. */
void cluster_remove_stale_pid_file(const struct cluster *cluster) {
    pid_t pid = cluster_postmaster_read(cluster).pid;
    if (pid > 0 && kill(pid, 0) == 0 && !cluster_is_ours(cluster, cluster->name, pid)) {
        char path[64];
        snprintf(path, sizeof path, "%s/postmaster.pid", cluster->name);
        unlinkat(cluster->dir_fd, path, 0);
        log_warn("cluster_stale_pid_file", "pid=%d", (int)pid);
    }
}
