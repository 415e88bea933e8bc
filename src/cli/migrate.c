/* `segreteria migrate`: brings the schema up to date without serving, or shows its state. */
#include <sodium.h>
#include <stdio.h>

#include "command.h"
#include "commands.h"
#include "database.h"
#include "generated/migrations.h"
#include "segreteria/core/log.h"
#include "segreteria/db/migrate.h"

static const char help[] = CLI_HELP(
    "Usage: segreteria migrate [OPTION]...\n"
    "Bring the data base's schema up to date. The server does the same when it starts.\n"
    "\n"
    "  --status            show every migration and whether it was run;\n"
    "                      exit status 3 if some were not\n"
    "  --dry-run           say what would be run, change nothing\n");

#define EXIT_PENDING 3

enum { STATUS = 1, DRY_RUN };

static const struct option long_options[] = {
    {"status", no_argument, NULL, STATUS},
    {"dry-run", no_argument, NULL, DRY_RUN},
    CLI_COMMON_OPTIONS,
};

struct command {
    bool status;
    bool dry_run;
    struct cli_database database;
};

static int take(int option, void *context) {
    struct command *command = context;
    switch (option) {
    case STATUS: command->status = true; break;
    case DRY_RUN: command->dry_run = true; break;
    }
    return CLI_GO_ON;
}

static const struct cli_usage usage = {"migrate", help, long_options, take};

static int parse(int argc, char **argv, struct command *command) {
    cli_database_init(&command->database);
    int exit_status = cli_options(argc, argv, &usage, &command->database.options, command);
    if (exit_status != CLI_GO_ON)
        return exit_status;
    if (optind < argc || (command->status && command->dry_run))
        return cli_wrong(&usage, "migrate takes no arguments, and one of --status and --dry-run");
    return CLI_GO_ON;
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
    cli_tell(status, &error);
    buf_deinit(&error);
    return exit_status;
}
