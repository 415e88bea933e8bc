/* `segreteria mail`: what the outbox could not send, and what becomes of it. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "database.h"
#include "segreteria/core/log.h"
#include "segreteria/core/uuid.h"
#include "segreteria/db/command.h"

#define IDS_MAX 4096 /* bytes of a list of ids: a hundred */

static const char help[] =
    "Usage: segreteria mail list [OPTION]...\n"
    "       segreteria mail retry|discard ID...|--all [OPTION]...\n"
    "Messages that were given up, and those that wait: list them, send them again, forget them. Works while\n"
    "the server runs. A message whose outcome is unknown may arrive twice when it is sent again, with the same\n"
    "Message-ID.\n"
    "\n"
    "  --all               every message that was given up (retry, discard)\n"
    "  --data-dir DIR      private data (as for serve), without SEGRETERIA_DATABASE_URL\n"
    "  --run-as USER       user to become when started by root\n"
    "  --postgres-bin DIR  where initdb and postgres are\n"
    "  --help\n"
    "\n"
    "Environment: SEGRETERIA_DATABASE_URL (any libpq connection string), SEGRETERIA_DATA_DIR.\n";

enum { ALL = 1, DATA_DIR, RUN_AS, POSTGRES_BIN, HELP };

static const struct option long_options[] = {
    {"all", no_argument, NULL, ALL},
    {"data-dir", required_argument, NULL, DATA_DIR},
    {"run-as", required_argument, NULL, RUN_AS},
    {"postgres-bin", required_argument, NULL, POSTGRES_BIN},
    {"help", no_argument, NULL, HELP},
    {NULL, 0, NULL, 0},
};

static const struct verb {
    const char *word, *sql;
    bool chooses;
} verbs[] = {
    {"list", "select mail_list()", false},
    {"retry", "select mail_retry($1)", true},
    {"discard", "select mail_discard($1)", true},
};

struct command {
    const struct verb *verb;
    bool all;
    struct buf ids; /* PostgreSQL's text of a uuid[] */
    struct cli_database database;
};

static int wrong(const char *what) {
    (void)fprintf(stderr, "segreteria: %s\nTry: segreteria mail --help\n", what);
    return 2;
}

static int parse_words(int argc, char **argv, struct command *command) {
    for (size_t i = 0; optind < argc && i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(argv[optind], verbs[i].word) == 0)
            command->verb = &verbs[i];
    if (command->verb == NULL)
        return wrong("mail takes list, retry or discard");
    for (int i = optind + 1; i < argc; i++) {
        struct uuid id;
        if (uuid_parse(str_of(argv[i]), &id) != STATUS_OK)
            return wrong("a message is named by its id, as mail list shows it");
        buf_printf(&command->ids, "%s%s", command->ids.len == 0 ? "{" : ",", argv[i]);
    }
    if (command->ids.len > 0)
        buf_append_char(&command->ids, '}');
    if (buf_status(&command->ids) != STATUS_OK)
        return wrong("that takes a hundred ids at most");
    if (!command->verb->chooses && (command->all || command->ids.len > 0))
        return wrong("list takes nothing");
    if (command->verb->chooses && command->all == (command->ids.len > 0))
        return wrong("that takes either ids or --all");
    return -1;
}

/* -1: go on; else the exit status. */
static int parse(int argc, char **argv, struct command *command) {
    cli_database_init(&command->database);
    for (int option; (option = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
        switch (option) {
        case ALL: command->all = true; break;
        case DATA_DIR: command->database.options.data_dir = optarg; break;
        case RUN_AS: command->database.options.run_as = optarg; break;
        case POSTGRES_BIN: command->database.options.postgres_bin = optarg; break;
        case HELP: (void)fputs(help, stdout); return 0;
        default: (void)fputs("Try: segreteria mail --help\n", stderr); return 2;
        }
    }
    return parse_words(argc, argv, command);
}

static enum status run(struct command *command, struct buf *error) {
    const char *conninfo = cli_database_open(&command->database, error);
    if (conninfo == NULL)
        return STATUS_UNAVAILABLE;
    const char *const params[] = {command->all ? NULL : command->ids.data};
    struct buf out;
    buf_init(&out, 1u << 20);
    enum status status = db_command(conninfo, command->verb->sql, params,
                                    command->verb->chooses ? 1 : 0, &out, error);
    if (status == STATUS_OK)
        (void)puts(out.data);
    buf_deinit(&out);
    cli_database_close(&command->database);
    return status;
}

int cli_mail(int argc, char **argv) {
    struct command command = {0};
    struct buf error;
    buf_init(&command.ids, IDS_MAX);
    buf_init(&error, 8192);
    int exit_status = parse(argc, argv, &command);
    if (exit_status < 0) {
        log_set_level(LOG_WARN);
        exit_status = run(&command, &error) == STATUS_OK ? 0 : 1;
        if (exit_status != 0)
            (void)fprintf(stderr, "segreteria: %s\n",
                          error.len > 0 ? error.data : "that did not work");
    }
    buf_deinit(&command.ids);
    buf_deinit(&error);
    return exit_status;
}
