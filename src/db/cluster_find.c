/* Which PostgreSQL runs the cluster: the programs on this machine against the cluster in the data
 * directory.
 *
 * A cluster is read only by the major version that made it, so an existing one decides; a new one
 * gets the newest version installed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cluster_private.h"

#define PROGRAM_TIMEOUT_MS 10000
#define NAME_PREFIX "postgresql-"

int cluster_version_parse(struct str text) {
    struct str prefix = STR("postgres (PostgreSQL) ");
    if (!str_starts_with(text, prefix)) {
        return 0;
    }
    size_t end = prefix.len;
    while (end < text.len && text.ptr[end] >= '0' && text.ptr[end] <= '9') {
        end++; /* "18beta1" ends at the b */
    }
    uint64_t major = 0;
    struct str digits = str_from(text.ptr + prefix.len, end - prefix.len);
    return str_to_u64(digits, 9999, &major) == STATUS_OK ? (int)major : 0;
}

/* What `bin`/postgres says of its version; 0 when it is not there or not PostgreSQL with its
 * initdb. */
static int programs_major(struct cluster *cluster, const char *bin) {
    char postgres[PATH_MAX];
    char initdb[PATH_MAX];
    int a = snprintf(postgres, sizeof postgres, "%s/postgres", bin);
    int b = snprintf(initdb, sizeof initdb, "%s/initdb", bin);
    if (*bin != '/' || a < 0 || (size_t)a >= sizeof postgres || b < 0 ||
        (size_t)b >= sizeof initdb || access(postgres, X_OK) != 0 || access(initdb, X_OK) != 0) {
        return 0;
    }
    const char *const argv[] = {postgres, "--version", NULL};
    struct cluster_program program = {.argv = argv, .keep_fd = -1, .death_signal = SIGKILL};
    struct buf output;
    struct buf ignored;
    buf_init(&output, 1024);
    buf_init(&ignored, 1024);
    int exit_status = 0;
    enum status status = cluster_run(cluster, &program, STR_NONE, PROGRAM_TIMEOUT_MS, &output,
                                     &exit_status, &ignored);
    int major = status == STATUS_OK && exit_status == 0 ? cluster_version_parse(buf_str(&output))
                                                        : 0;
    buf_deinit(&output);
    buf_deinit(&ignored);
    return major;
}

/* The best so far, and all that was seen, for the message. */
struct search {
    struct cluster *cluster;
    int wanted; /* 0: the newest */
    int major;
    struct buf seen;
};

static void search_look(struct search *search, const char *bin) {
    if (search->wanted != 0 && search->major == search->wanted) {
        return;
    }
    char seen[PATH_MAX + 8];
    snprintf(seen, sizeof seen, "in %s", bin);
    if (search->seen.len > 0 && strstr(search->seen.data, seen) != NULL) {
        return;
    }
    int major = programs_major(search->cluster, bin);
    if (major == 0) {
        return;
    }
    buf_printf(&search->seen, "%s%d in %s", search->seen.len == 0 ? "" : ", ", major, bin);
    bool better = search->wanted == 0 ? major > search->major : major == search->wanted;
    if (better && major >= CLUSTER_OLDEST_MAJOR) {
        search->major = major;
        snprintf(search->cluster->bin, sizeof search->cluster->bin, "%s", bin);
    }
}

static void search_pattern(struct search *search, const char *pattern) {
    glob_t found;
    if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            search_look(search, found.gl_pathv[i]);
        }
    }
    globfree(&found);
}

static void search_path(struct search *search) {
    struct str rest = str_of(getenv("PATH"));
    struct str part;
    while (str_split(&rest, ':', &part)) {
        char bin[PATH_MAX];
        int length = snprintf(bin, sizeof bin, "%.*s", STR_FMT(part));
        if (length <= 0 || (size_t)length >= sizeof bin) {
            continue;
        }
        search_look(search, bin);

        /* pg_config may stand in the path where the programs do not. */
        char config[PATH_MAX];
        length = snprintf(config, sizeof config, "%.*s/pg_config", STR_FMT(part));
        if (search->major != 0 || *config != '/' || (size_t)length >= sizeof config ||
            access(config, X_OK) != 0) {
            continue;
        }
        const char *const argv[] = {config, "--bindir", NULL};
        struct cluster_program program = {.argv = argv, .keep_fd = -1, .death_signal = SIGKILL};
        struct buf output;
        struct buf ignored;
        buf_init(&output, PATH_MAX);
        buf_init(&ignored, 1024);
        int status = 0;
        if (cluster_run(search->cluster, &program, STR_NONE, PROGRAM_TIMEOUT_MS, &output, &status,
                        &ignored) == STATUS_OK &&
            status == 0 && output.len > 1 && output.data[output.len - 1] == '\n') {
            output.data[output.len - 1] = '\0';
            search_look(search, output.data);
        }
        buf_deinit(&output);
        buf_deinit(&ignored);
    }
}

enum status cluster_find_existing(const struct cluster *cluster, int *major, struct buf *error) {
    DIR *dir = cluster_dir_list(cluster, error);
    if (dir == NULL) {
        return STATUS_IO;
    }
    int found = 0;
    int other = 0;
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        struct str name = str_of(entry->d_name);
        uint64_t number = 0;
        if (str_starts_with(name, STR(NAME_PREFIX)) &&
            str_to_u64(
                str_from(name.ptr + sizeof NAME_PREFIX - 1, name.len - (sizeof NAME_PREFIX - 1)),
                9999, &number) == STATUS_OK) {
            other = found;
            found = (int)number;
        }
    }
    closedir(dir);
    if (other != 0) {
        buf_printf(
            error,
            "%s holds the clusters of PostgreSQL %d and %d: move the one that is not in use away",
            cluster->data_dir, found < other ? found : other, found < other ? other : found);
        return STATUS_MISMATCH;
    }
    *major = found;
    return STATUS_OK;
}

static enum status find_refuse(const struct search *search, struct buf *error) {
    const char *seen = search->seen.len == 0 ? "none" : search->seen.data;
    if (search->cluster->postgres_bin != NULL && search->seen.len == 0) {
        buf_printf(error, "there are no programs of PostgreSQL in %s (--postgres-bin)",
                   search->cluster->postgres_bin);
        return STATUS_NOT_FOUND;
    }
    if (search->wanted == 0) {
        buf_printf(error,
                   "PostgreSQL %d or later is not installed (found: %s): "
                   "install the package postgresql, name "
                   "its programs with --postgres-bin, or set SEGRETERIA_DATABASE_URL",
                   CLUSTER_OLDEST_MAJOR, seen);
        return STATUS_NOT_FOUND;
    }
    buf_printf(error,
               "%s holds a cluster of PostgreSQL %d, and only that version can read it "
               "(found: %s): install "
               "postgresql-%d, or bring the cluster to a newer version with pg_upgrade",
               search->cluster->data_dir, search->wanted, seen, search->wanted);
    return STATUS_MISMATCH;
}

/* A cluster whose own version file disagrees with its name was put there by hand. */
static enum status check_version_file(const struct cluster *cluster, struct buf *error) {
    char path[64];
    char text[16];
    snprintf(path, sizeof path, "%s/PG_VERSION", cluster->name);
    cluster_dir_first_line(cluster, path, text, sizeof text);
    uint64_t major = 0;
    if (str_to_u64(str_of(text), 9999, &major) == STATUS_OK && (int)major == cluster->major) {
        return STATUS_OK;
    }
    buf_printf(error,
               "%s/%s is not a whole cluster of PostgreSQL %d (its PG_VERSION says \"%s\"): "
               "restore it from a "
               "backup, or move it away to begin with an empty one",
               cluster->data_dir, cluster->name, cluster->major, text);
    return STATUS_MISMATCH;
}

enum status cluster_find(struct cluster *cluster, bool *exists, struct buf *error) {
    struct search search = {.cluster = cluster};
    enum status status = cluster_find_existing(cluster, &search.wanted, error);
    if (status != STATUS_OK) {
        return status;
    }
    buf_init(&search.seen, 4096);
    if (cluster->postgres_bin != NULL) {
        search_look(&search, cluster->postgres_bin);
    } else {
        char pattern[64] =
            "/usr/lib/postgresql/*/bin"; /* Debian's; where the version is known, only that one */
        if (search.wanted != 0) {
            snprintf(pattern, sizeof pattern, "/usr/lib/postgresql/%d/bin", search.wanted);
        }
        search_pattern(&search, pattern);
        if (search.major == 0) {
            search_pattern(&search, "/usr/lib/postgresql/*/bin");
            search_pattern(&search, "/usr/pgsql-*/bin"); /* Red Hat's */
            search_path(&search);
        }
    }
    if (search.major == 0) {
        status = find_refuse(&search, error);
    } else {
        *exists = search.wanted != 0;
        cluster->major = search.major;
        snprintf(cluster->name, sizeof cluster->name, NAME_PREFIX "%d", search.major);
        if (*exists) {
            status = check_version_file(cluster, error);
        }
    }
    buf_deinit(&search.seen);
    return status;
}
