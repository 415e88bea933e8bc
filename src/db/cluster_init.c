/* Making a cluster, and the settings it runs with.
 *
 * A cluster is made under another name and renamed when it is whole: a failed or killed initdb
 * leaves nothing that could be taken for one. The settings for this machine are written at each
 * start (segreteria.conf); what a person adds to postgresql.conf comes after them and wins. Who may
 * connect is written at each start too: local processes of the server's own user (and root, who
 * could become that user anyway), as PostgreSQL sees them from the kernel.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cluster_private.h"
#include "segreteria/core/log.h"

#define INIT_TIMEOUT_MS 300000
#define REMOVE_ATTEMPTS 250 /* 20 ms apart */
#define MIB UINT64_C(1048576)

static uint64_t clamp(uint64_t value, uint64_t least, uint64_t most) {
    return value < least ? least : value > most ? most : value;
}

static void write_settings(struct buf *out, uint64_t memory) {
    uint64_t mib = memory / MIB;
    buf_printf(out,
               "# Written by segreteria at each start for the memory of this machine (%llu MiB).\n"
               "# Put your own settings into postgresql.conf, below its include line.\n"
               "shared_buffers = '%lluMB'\n"
               "effective_cache_size = '%lluMB'\n"
               "work_mem = '%lluMB'\n"
               "maintenance_work_mem = '%lluMB'\n",
               (unsigned long long)mib, (unsigned long long)clamp(mib / 8, 32, 1024),
               (unsigned long long)clamp(mib / 2, 64, 1048576),
               (unsigned long long)clamp(mib / 512, 4, 32),
               (unsigned long long)clamp(mib / 16, 32, 512));
    /* What a server with a worker for each core asks for by default, and a few for people. */
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    buf_printf(out, "max_connections = %llu\n",
               (unsigned long long)clamp(32 + 4 * (cores < 1 ? 1 : (uint64_t)cores), 64, 2000));
    buf_append_text(out, "\n"
                         "# Durable: an answered write is on the disk.\n"
                         "fsync = on\n"
                         "synchronous_commit = on\n"
                         "full_page_writes = on\n"
                         "wal_buffers = '16MB'\n"
                         "min_wal_size = '128MB'\n"
                         "max_wal_size = '1GB'\n"
                         "checkpoint_timeout = '5min'\n"
                         "restart_after_crash = on\n"
                         "\n"
                         "# Many short statements; solid-state disks.\n"
                         "jit = off\n"
                         "random_page_cost = 1.1\n"
                         "idle_in_transaction_session_timeout = '60s'\n"
                         "client_connection_check_interval = '5s'\n"
                         "\n"
                         "timezone = 'UTC'\n"
                         "datestyle = 'iso, ymd'\n"
                         "default_text_search_config = 'pg_catalog.simple'\n"
                         "\n"
                         "# A file for each day of the week. Terse and without statements: the\n"
                         "# details of an error may hold what people entered.\n"
                         "log_destination = 'stderr'\n"
                         "logging_collector = on\n"
                         "log_directory = '../log'\n"
                         "log_filename = 'postgresql-%a.log'\n"
                         "log_file_mode = 0600\n"
                         "log_rotation_age = '1d'\n"
                         "log_rotation_size = 0\n"
                         "log_truncate_on_rotation = on\n"
                         "log_timezone = 'UTC'\n"
                         "log_line_prefix = '%m [%p] '\n"
                         "log_error_verbosity = terse\n"
                         "log_min_error_statement = panic\n"
                         "log_checkpoints = off\n"
                         "log_autovacuum_min_duration = '10s'\n");
}

static enum status write_file(const struct cluster *cluster, const char *name, const char *file,
                              struct buf *content, struct buf *error) {
    char path[96];
    snprintf(path, sizeof path, "%s/%s", name, file);
    enum status status = buf_status(content);
    if (status == STATUS_OK && !cluster_dir_holds(cluster, path, buf_str(content))) {
        status = cluster_dir_write(cluster, path, buf_str(content), error);
    } else if (status != STATUS_OK) {
        buf_append_text(error, "out of memory");
    }
    buf_clear(content);
    return status;
}

enum status cluster_configure(const struct cluster *cluster, const char *name, struct buf *error) {
    struct buf content;
    buf_init(&content, 16384);
    write_settings(&content, cluster_memory_bytes(""));
    enum status status = write_file(cluster, name, "segreteria.conf", &content, error);
    if (status == STATUS_OK) {
        buf_append_text(&content, "# Written by segreteria at each start.\n"
                                  "local all         all peer map=segreteria\n"
                                  "local replication all peer map=segreteria\n");
        status = write_file(cluster, name, "pg_hba.conf", &content, error);
    }
    if (status == STATUS_OK) {
        buf_append_text(&content, "# Written by segreteria at each start.\n");
        const char *const accounts[] = {cluster->user, "root"};
        for (size_t i = 0; i < 2; i++) {
            buf_printf(&content, "segreteria \"%s\" segreteria\nsegreteria \"%s\" postgres\n",
                       accounts[i], accounts[i]);
        }
        status = write_file(cluster, name, "pg_ident.conf", &content, error);
    }
    buf_deinit(&content);
    return status;
}

static enum status run_step(struct cluster *cluster, const char *const *argv, struct str input,
                            const char *what, struct buf *error) {
    struct cluster_program program = {
        .argv = argv, .keep_fd = cluster->dir_fd, .death_signal = SIGKILL};
    struct buf output;
    buf_init(&output, CLUSTER_OUTPUT_MAX);
    int exit_status = 0;
    enum status status = cluster_run(cluster, &program, input, INIT_TIMEOUT_MS, &output,
                                     &exit_status, error);
    if (status == STATUS_OK && exit_status != 0) {
        buf_printf(error, "%s in %s: ", what, cluster->data_dir);
        cluster_cause(cluster, buf_str(&output), error);
        status = STATUS_IO;
    }
    buf_deinit(&output);
    return status;
}

static enum status run_initdb(struct cluster *cluster, const char *directory, struct buf *error) {
    char program[PATH_MAX + 16];
    snprintf(program, sizeof program, "%s/initdb", cluster->bin);
    /* Compared by code point, which is fast and does not change when the system's library does;
     * classified as Unicode. Collations for people (Italian, English) are asked for by name, from
     * ICU. */
    const char *argv[24] = {program,
                            "--pgdata",
                            directory,
                            "--username=postgres",
                            "--encoding=UTF8",
                            "--locale=C.UTF-8",
                            "--lc-collate=C",
                            "--lc-messages=C",
                            "--text-search-config=simple",
                            "--auth=peer",
                            "--data-checksums",
                            "--no-instructions"};
    size_t count = 12;
    if (cluster->major >= 17) {
        argv[count++] = "--locale-provider=builtin";
        argv[count++] = "--builtin-locale=C.UTF-8";
    } else {
        argv[count++] = "--locale-provider=libc";
    }
    argv[count] = NULL;
    return run_step(cluster, argv, STR_NONE, "cannot make a PostgreSQL cluster", error);
}

/* The server's role owns the data base and is no superuser: a hole in the server is not a hole in
 * the machine. */
static enum status make_database(struct cluster *cluster, const char *directory,
                                 struct buf *error) {
    char program[PATH_MAX + 16];
    snprintf(program, sizeof program, "%s/postgres", cluster->bin);
    const char *const argv[] = {program, "--single",         "-D",       directory,
                                "-c",    "exit_on_error=on", "postgres", NULL};
    return run_step(cluster, argv,
                    STR("create role segreteria login\n"
                        "create database segreteria owner segreteria\n"),
                    "cannot make the data base", error);
}

static enum status write_main_settings(const struct cluster *cluster, const char *name,
                                       struct buf *error) {
    struct buf content;
    buf_init(&content, 1024);
    buf_append_text(&content,
                    "include 'segreteria.conf'\n"
                    "\n"
                    "# Settings of your own go below this line and win over those above.\n");
    enum status status = write_file(cluster, name, "postgresql.conf", &content, error);
    buf_deinit(&content);
    return status;
}

static enum status rename_in_place(const struct cluster *cluster, const char *temporary,
                                   struct buf *error) {
    int fd = openat(cluster->dir_fd, temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    if (!synced || renameat(cluster->dir_fd, temporary, cluster->dir_fd, cluster->name) != 0 ||
        fsync(cluster->dir_fd) != 0) {
        cluster_dir_error(cluster, "cannot put in place", cluster->name, error);
        return STATUS_IO;
    }
    return STATUS_OK;
}

/* What a killed initdb left. Its processes end with it, but not at once, and meanwhile still write.
 */
static enum status remove_one(const struct cluster *cluster, const char *name, struct buf *error) {
    for (int attempt = 0;; attempt++) {
        size_t running = cluster_signal_all(cluster, name, SIGKILL);
        if (cluster_dir_remove(cluster->dir_fd, name, 0) == STATUS_OK && running == 0) {
            return STATUS_OK;
        }
        if (attempt == REMOVE_ATTEMPTS) {
            cluster_dir_error(cluster, "cannot remove the unfinished", name, error);
            return STATUS_IO;
        }
        cluster_sleep_ms(20);
    }
}

static enum status remove_unfinished(const struct cluster *cluster, struct buf *error) {
    DIR *dir = cluster_dir_list(cluster, error);
    if (dir == NULL) {
        return STATUS_IO;
    }
    enum status status = STATUS_OK;
    const struct dirent *entry;
    while (status == STATUS_OK && (entry = readdir(dir)) != NULL) {
        struct str name = str_of(entry->d_name);
        if (str_starts_with(name, STR("postgresql-")) && strstr(entry->d_name, ".new") != NULL) {
            status = remove_one(cluster, entry->d_name, error);
        }
    }
    closedir(dir);
    return status;
}

enum status cluster_init(struct cluster *cluster, struct buf *error) {
    char temporary[64];
    char directory[128];
    /* A name of its own: a process a killed initdb left behind cannot come into it. */
    snprintf(temporary, sizeof temporary, "%s.new.%d", cluster->name, (int)getpid());
    snprintf(directory, sizeof directory, "%s/%s", cluster->prefix, temporary);
    enum status status = remove_unfinished(cluster, error);
    if (status != STATUS_OK) {
        return status;
    }
    log_info("cluster_init", "major=%d user=%s", cluster->major, cluster->user);
    status = run_initdb(cluster, directory, error);
    if (status == STATUS_OK) {
        status = cluster_configure(cluster, temporary, error);
    }
    if (status == STATUS_OK) {
        status = write_main_settings(cluster, temporary, error);
    }
    if (status == STATUS_OK) {
        status = make_database(cluster, directory, error);
    }
    if (status == STATUS_OK) {
        status = rename_in_place(cluster, temporary, error);
    }
    if (status != STATUS_OK) {
        struct buf ignored;
        buf_init(&ignored, 1024);
        if (remove_one(cluster, temporary, &ignored) != STATUS_OK) {
            log_warn("cluster_leftover", "name=%s", temporary);
        }
        buf_deinit(&ignored);
    }
    return status;
}
