/* `segreteria migrate`: brings the schema up to date without serving, or shows its state. */
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>

#include "commands.h"
#include "database.h"
#include "generated/migrations.h"
#include "segreteria/core/log.h"
#include "segreteria/db/migrate.h"

static const char help[] =
    "Usage: segreteria migrate [OPTION]...\n"
    "Bring the data base's schema up to date. The server does the same when it starts.\n"
    "\n"
    "  --status            show every migration and whether it was run;\n"
    "                      exit status 3 if some were not\n"
    "  --dry-run           say what would be run, change nothing\n"
    "  --data-dir DIR      private data (as for serve), without SEGRETERIA_DATABASE_URL\n"
    "  --run-as USER       user to become when started by root\n"
    "  --postgres-bin DIR  where initdb and postgres are\n"
    "  --help\n"
    "\n"
    "Environment: SEGRETERIA_DATABASE_URL (any libpq connection string), SEGRETERIA_DATA_DIR.\n";

#define EXIT_PENDING 3

enum { STATUS = 1, DRY_RUN, DATA_DIR, RUN_AS, POSTGRES_BIN, HELP };

static const struct option long_options[] = {
    {"status", no_argument, NULL, STATUS},
    {"dry-run", no_argument, NULL, DRY_RUN},
    {"data-dir", required_argument, NULL, DATA_DIR},
    {"run-as", required_argument, NULL, RUN_AS},
    {"postgres-bin", required_argument, NULL, POSTGRES_BIN},
    {"help", no_argument, NULL, HELP},
    {NULL, 0, NULL, 0},
};

struct command {
    bool status;
    bool dry_run;
    struct cli_database database;
};

/* -1: go on; else the exit status. */
static int parse(int argc, char **argv, struct command *command) {
    cli_database_init(&command->database);
    for (int option; (option = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
        switch (option) {
        case STATUS: command->status = true; break;
        case DRY_RUN: command->dry_run = true; break;
        case DATA_DIR: command->database.options.data_dir = optarg; break;
        case RUN_AS: command->database.options.run_as = optarg; break;
        case POSTGRES_BIN: command->database.options.postgres_bin = optarg; break;
        case HELP: (void)fputs(help, stdout); return 0;
        default: (void)fputs("Try: segreteria migrate --help\n", stderr); return 2;
        }
    }
    if (optind < argc || (command->status && command->dry_run)) {
        (void)fputs("segreteria: migrate takes no arguments, and one of --status and --dry-run\n"
                    "Try: segreteria migrate --help\n",
                    stderr);
        return 2;
    }
    return -1;
}

static enum status work(const struct command *command, const char *conninfo, int *exit_status,
                        struct buf *error) {
    const struct migrate_options options = {
        .conninfo = conninfo, .migrations = migrations, .count = migrations_count};
    struct buf out;
    buf_init(&out, 1u << 20);
    size_t count = 0;
    bool current = true;
    enum status status;
    if (command->status) {
        status = migrate_status(&options, &current, &out, error);
    } else if (command->dry_run) {
        status = migrate_dry_run(&options, &count, &out, error);
    } else {
        status = migrate_run(&options, &count, error);
        buf_printf(&out, "%zu migration%s run\n", count, count == 1 ? "" : "s");
    }
    if (command->dry_run && count == 0)
        buf_append_text(&out, "nothing to run: the schema is up to date\n");
    if (status == STATUS_OK) {
        (void)fwrite(out.data, 1, out.len, stdout);
        *exit_status = fflush(stdout) != 0 ? 1 : current ? 0 : EXIT_PENDING;
    }
    buf_deinit(&out);
    return status;
}

int cli_migrate(int argc, char **argv) {
    struct command command = {0};
    int exit_status = parse(argc, argv, &command);
    if (exit_status >= 0)
        return exit_status;
    exit_status = 1;
    log_set_level(LOG_WARN);
    struct buf error;
    buf_init(&error, 8192);
    enum status status = sodium_init() < 0 ? STATUS_INTERNAL : STATUS_OK;
    if (status == STATUS_OK) {
        const char *conninfo = cli_database_open(&command.database, &error);
        status = conninfo == NULL ? STATUS_UNAVAILABLE
                                  : work(&command, conninfo, &exit_status, &error);
    }
    cli_database_close(&command.database);
    if (status != STATUS_OK)
        (void)fprintf(stderr, "segreteria: %s\n", error.len > 0 ? error.data : status_name(status));
    buf_deinit(&error);
    return exit_status;
}
