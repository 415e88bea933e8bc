/* Metrics of the process: under the names that Prometheus' own libraries use. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "exposition.h"
#include "ops_private.h"

/* /proc/self/stat: fields from the third on, after the name in parentheses (proc(5)). */
static bool process_stat(unsigned field, uint64_t *out) {
    char text[1024];
    FILE *file = fopen("/proc/self/stat", "re");
    if (file == NULL)
        return false;
    size_t len = fread(text, 1, sizeof text - 1, file);
    (void)fclose(file);
    text[len] = '\0';
    const char *at = strrchr(text, ')');
    for (unsigned i = 3; at != NULL && i <= field; i++)
        at = strchr(at + 1, ' ');
    if (at == NULL)
        return false;
    *out = strtoull(at + 1, NULL, 10);
    return true;
}

static double start_time(void) {
    uint64_t ticks = 0, boot = 0;
    char line[256];
    FILE *file = fopen("/proc/stat", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "btime ", 6) == 0)
            boot = strtoull(line + 6, NULL, 10);
    if (file != NULL)
        (void)fclose(file);
    return process_stat(22, &ticks) ? (double)boot + (double)ticks / (double)sysconf(_SC_CLK_TCK)
                                    : 0;
}

static uint64_t open_files(void) {
    uint64_t count = 0;
    DIR *dir = opendir("/proc/self/fd");
    if (dir == NULL)
        return 0;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += entry->d_name[0] != '.';
    (void)closedir(dir);
    return count - 1; /* but for the one that looks */
}

static void collect_usage(struct exposition *exposition) {
    struct rusage usage = {0};
    (void)getrusage(RUSAGE_SELF, &usage);
    exposition_family(exposition, "process_cpu_seconds", METRIC_COUNTER,
                      "User and system time of the process.");
    exposition_us(exposition, "",
                  (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
                      (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec));
    uint64_t pages = 0;
    exposition_family(exposition, "process_resident_memory_bytes", METRIC_GAUGE,
                      "Memory of the process that is in RAM.");
    exposition_count(exposition, "",
                     process_stat(24, &pages) ? pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0);
    struct rlimit files = {0};
    (void)getrlimit(RLIMIT_NOFILE, &files);
    exposition_family(exposition, "process_open_fds", METRIC_GAUGE, "Open file descriptors.");
    exposition_count(exposition, "", open_files());
    exposition_family(exposition, "process_max_fds", METRIC_GAUGE, "How many there may be.");
    exposition_count(exposition, "", files.rlim_cur);
    exposition_family(exposition, "process_start_time_seconds", METRIC_GAUGE,
                      "When the process began, Unix time.");
    exposition_real(exposition, "", start_time());
}

void collect_process(const struct ops *ops, struct exposition *exposition) {
    char labels[160];
    struct api_shared *shared = ops->options.shared;
    exposition_family(exposition, "segreteria_build_info", METRIC_GAUGE, "Always 1.");
    (void)snprintf(labels, sizeof labels, "version=\"%s\",compiler=\"%s\"", ops->options.version,
                   __VERSION__);
    exposition_count(exposition, labels, 1);
    exposition_family(exposition, "segreteria_ready", METRIC_GAUGE,
                      "1: requests are served (as /readyz says).");
    exposition_count(exposition, "", ops_ready(ops));
    exposition_family(exposition, "segreteria_workers", METRIC_GAUGE, "Threads that serve.");
    exposition_count(exposition, "", shared->workers);
    exposition_family(exposition, "segreteria_workers_ready", METRIC_GAUGE,
                      "Those of them with all their lanes up.");
    exposition_count(exposition, "", atomic_load(&shared->ready));
    exposition_family(exposition, "segreteria_password_queue", METRIC_GAUGE,
                      "Passwords that wait to be hashed.");
    exposition_count(exposition, "", helpers_queued(shared->password_helpers));
    exposition_family(exposition, "segreteria_password_queue_limit", METRIC_GAUGE,
                      "How many may wait; more are refused with 503.");
    exposition_count(exposition, "", helpers_queue_max(shared->password_helpers));
    exposition_family(exposition, "segreteria_password_threads", METRIC_GAUGE,
                      "Passwords hashed at once.");
    exposition_count(exposition, "", helpers_threads(shared->password_helpers));
    exposition_family(exposition, "segreteria_spooled_bytes", METRIC_GAUGE,
                      "Answers of batches that wait on the disk for their clients.");
    exposition_count(exposition, "", atomic_load(&shared->spooled));
    collect_usage(exposition);
}
