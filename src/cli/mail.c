/* `segreteria mail`: what the outbox could not send, and what becomes of it. */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "commands.h"
#include "database.h"
#include "segreteria/core/log.h"
#include "segreteria/core/uuid.h"
#include "segreteria/db/command.h"

#define IDS_MAX 4096 /* bytes of a list of ids: a hundred */

static const char help[] = CLI_HELP(
    "Usage: segreteria mail list [OPTION]...\n"
    "       segreteria mail retry|discard ID...|--all [OPTION]...\n"
    "Messages that were given up, and those that wait: list them, send them again, forget them. Works while\n"
    "the server runs. A message whose outcome is unknown may arrive twice when it is sent again, with the same\n"
    "Message-ID.\n"
    "\n"
    "  --all               every message that was given up (retry, discard)\n");

enum { ALL = 1 };

static const struct option long_options[] = {
    {"all", no_argument, NULL, ALL},
    CLI_COMMON_OPTIONS,
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

static int take(int option, void *context) {
    struct command *command = context;
    if (option == ALL)
        command->all = true;
    return CLI_GO_ON;
}

static const struct cli_usage usage = {"mail", help, long_options, take};

static int parse_words(int argc, char **argv, struct command *command) {
    for (size_t i = 0; optind < argc && i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(argv[optind], verbs[i].word) == 0)
            command->verb = &verbs[i];
    if (command->verb == NULL)
        return cli_wrong(&usage, "mail takes list, retry or discard");
    for (int i = optind + 1; i < argc; i++) {
        struct uuid id;
        if (uuid_parse(str_of(argv[i]), &id) != STATUS_OK)
            return cli_wrong(&usage, "a message is named by its id, as mail list shows it");
        buf_printf(&command->ids, "%s%s", command->ids.len == 0 ? "{" : ",", argv[i]);
    }
    if (command->ids.len > 0)
        buf_append_char(&command->ids, '}');
    if (buf_status(&command->ids) != STATUS_OK)
        return cli_wrong(&usage, "that takes a hundred ids at most");
    if (!command->verb->chooses && (command->all || command->ids.len > 0))
        return cli_wrong(&usage, "list takes nothing");
    if (command->verb->chooses && command->all == (command->ids.len > 0))
        return cli_wrong(&usage, "that takes either ids or --all");
    return CLI_GO_ON;
}

static int parse(int argc, char **argv, struct command *command) {
    cli_database_init(&command->database);
    int exit_status = cli_options(argc, argv, &usage, &command->database.options, command);
    return exit_status == CLI_GO_ON ? parse_words(argc, argv, command) : exit_status;
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
        enum status status = run(&command, &error);
        cli_tell(status, &error);
        exit_status = status == STATUS_OK ? 0 : 1;
    }
    buf_deinit(&command.ids);
    buf_deinit(&error);
    return exit_status;
}
