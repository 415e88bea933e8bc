/* How much memory this process may use. The machine's figure is wrong in a container, so the limits
 * of the control groups above the process count too, in both versions of that interface. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cluster_private.h"

static bool file_read(const char *root, const char *path, const char *name, char *out,
                      size_t size) {
    char full[PATH_MAX];
    int written = snprintf(full, sizeof full, "%s%s%s", root, path, name);
    if (written < 0 || (size_t)written >= sizeof full) {
        return false;
    }
    int fd = open(full, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    ssize_t n = read(fd, out, size - 1);
    close(fd);
    if (n <= 0) {
        return false;
    }
    out[n] = '\0';
    return true;
}

static void lower_to(uint64_t *limit, uint64_t value) {
    if (value > 0 && value < *limit) {
        *limit = value;
    }
}

/* The limit in `name` of each group from `path` up to the mount point. */
static void lower_to_group(const char *root, const char *mount, struct str path, const char *name,
                           uint64_t *limit) {
    char full[PATH_MAX];
    for (;;) {
        int written = snprintf(full, sizeof full, "%s%.*s/", mount, STR_FMT(path));
        char text[64];
        uint64_t value = 0;
        if (written > 0 && (size_t)written < sizeof full &&
            file_read(root, full, name, text, sizeof text) &&
            str_to_u64(str_from(text, strcspn(text, "\n")), UINT64_MAX, &value) == STATUS_OK) {
            lower_to(limit, value);
        }
        if (path.len == 0) {
            return;
        }
        do {
            path.len--;
        } while (path.len > 0 && path.ptr[path.len] != '/');
    }
}

static uint64_t machine_memory(const char *root) {
    char text[4096];
    if (!file_read(root, "/proc/", "meminfo", text, sizeof text)) {
        return UINT64_MAX;
    }
    const char *line = strstr(text, "MemTotal:");
    if (line == NULL) {
        return UINT64_MAX;
    }
    struct str figure = str_trim(str_from(line + 9, strcspn(line + 9, "k\n")));
    uint64_t kib = 0;
    return str_to_u64(figure, UINT64_MAX / 1024, &kib) == STATUS_OK ? kib * 1024 : UINT64_MAX;
}

uint64_t cluster_memory_bytes(const char *root) {
    uint64_t limit = machine_memory(root);
    char groups[4096];
    if (file_read(root, "/proc/self/", "cgroup", groups, sizeof groups)) {
        /* A line is "<hierarchy>:<controllers>:<path>"; version 2 is hierarchy 0 without
         * controllers. */
        struct str rest = str_of(groups);
        struct str line;
        while (str_split(&rest, '\n', &line)) {
            struct str hierarchy;
            struct str controllers;
            if (!str_split(&line, ':', &hierarchy) || !str_split(&line, ':', &controllers) ||
                str_is_none(line)) {
                continue;
            }
            if (str_eq(hierarchy, STR("0"))) {
                lower_to_group(root, "/sys/fs/cgroup", line, "memory.max", &limit);
            } else if (str_eq(controllers, STR("memory"))) {
                lower_to_group(root, "/sys/fs/cgroup/memory", line, "memory.limit_in_bytes",
                               &limit);
            }
        }
    }
    return limit == UINT64_MAX ? UINT64_C(1) << 30 : limit;
}
