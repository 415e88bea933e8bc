/* `segreteria operator`: the accounts of those who moderate. Nothing makes them but this command.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "commands.h"
#include "database.h"
#include "password.h"
#include "segreteria/auth/password.h"
#include "segreteria/core/log.h"
#include "segreteria/db/command.h"

static const char help[] = CLI_HELP(
    "Usage: segreteria operator create|password|disable|enable EMAIL [OPTION]...\n"
    "       segreteria operator list [OPTION]...\n"
    "The accounts of operators, who verify and suspend companies and read the audit trail. Works while the server\n"
    "runs; a disabled operator's sessions end at once, on every instance.\n"
    "\n"
    "  --name NAME         who it is (create)\n"
    "  --generate          make a password and print it once, instead of asking for one (create, password);\n"
    "                      asked for on the terminal, or else the first line of standard input\n");

enum { NAME = 1, GENERATE };

static const struct option long_options[] = {
    {"name", required_argument, NULL, NAME},
    {"generate", no_argument, NULL, GENERATE},
    CLI_COMMON_OPTIONS,
};

/* sql takes the address, then the name, then the hash, as far as the verb needs them. */
static const struct verb {
    const char *word;
    bool email, name, password;
    const char *sql;
} verbs[] = {
    {"create", true, true, true, "select operator_create($1, $2, $3)"},
    {"password", true, false, true, "select operator_password($1, $2)"},
    {"disable", true, false, false, "select operator_disable($1)"},
    {"enable", true, false, false, "select operator_enable($1)"},
    {"list", false, false, false, "select operator_list()"},
};

struct command {
    const struct verb *verb;
    const char *email, *name;
    bool generate;
    struct cli_database database;
};

static int take(int option, void *context) {
    struct command *command = context;
    switch (option) {
    case NAME: command->name = optarg; break;
    case GENERATE: command->generate = true; break;
    }
    return CLI_GO_ON;
}

static const struct cli_usage usage = {"operator", help, long_options, take};

static int parse_words(int argc, char **argv, struct command *command) {
    for (size_t i = 0; optind < argc && i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(argv[optind], verbs[i].word) == 0)
            command->verb = &verbs[i];
    if (command->verb == NULL)
        return cli_wrong(&usage, "operator takes create, password, disable, enable or list");
    if (argc - optind != (command->verb->email ? 2 : 1))
        return cli_wrong(&usage, command->verb->email ? "that takes one e-mail address"
                                                      : "list takes nothing");
    command->email = command->verb->email ? argv[optind + 1] : NULL;
    if (command->verb->name != (command->name != NULL))
        return cli_wrong(&usage, "create needs --name, and nothing else does");
    if (command->generate && !command->verb->password)
        return cli_wrong(&usage, "--generate is for create and password");
    return CLI_GO_ON;
}

static int parse(int argc, char **argv, struct command *command) {
    cli_database_init(&command->database);
    int exit_status = cli_options(argc, argv, &usage, &command->database.options, command);
    return exit_status == CLI_GO_ON ? parse_words(argc, argv, command) : exit_status;
}

/* The functions answer '+' and what was done, or '-' and why not. */
static enum status run(const struct command *command, const char *conninfo, const char *hash,
                       struct buf *error) {
    const char *params[3];
    size_t count = 0;
    if (command->verb->email)
        params[count++] = command->email;
    if (command->verb->name)
        params[count++] = command->name;
    if (command->verb->password)
        params[count++] = hash;
    struct buf out;
    buf_init(&out, 1u << 20);
    enum status status = db_command(conninfo, command->verb->sql, params, count, &out, error);
    if (status == STATUS_OK && out.len > 0 && out.data[0] == '+') {
        (void)puts(out.data + 1);
    } else if (status == STATUS_OK) {
        buf_append_text(error, out.len > 1 ? out.data + 1 : "there was no answer");
        status = STATUS_INVALID;
    }
    buf_deinit(&out);
    return status;
}

/* The password before the data base: who mistypes it has not waited for a cluster to start. */
static enum status work(struct command *command, struct buf *error) {
    char password[PASSWORD_MAX_BYTES + 1] = "", hash[PASSWORD_HASH_SIZE] = "";
    enum status status = STATUS_OK;
    if (command->verb->password) {
        status = command->generate
                     ? cli_password_generate(password, sizeof password)
                     : cli_password_ask(str_of(command->email), password, sizeof password, error);
        if (status == STATUS_OK)
            status = password_hash_now(str_of(password), hash);
    }
    if (status == STATUS_OK) {
        const char *conninfo = cli_database_open(&command->database, error);
        status = conninfo == NULL ? STATUS_UNAVAILABLE
                                  : cli_database_has(conninfo, "operator_list()", error);
        if (status == STATUS_OK)
            status = run(command, conninfo, hash, error);
    }
    if (status == STATUS_OK && command->generate)
        (void)printf("password: %s\n", password);
    sodium_memzero(password, sizeof password);
    cli_database_close(&command->database);
    return status;
}

int cli_operator(int argc, char **argv) {
    struct command command = {0};
    int exit_status = parse(argc, argv, &command);
    if (exit_status >= 0)
        return exit_status;
    log_set_level(LOG_WARN);
    struct buf error;
    buf_init(&error, 8192);
    enum status status = sodium_init() < 0 ? STATUS_INTERNAL : work(&command, &error);
    cli_tell(status, &error);
    buf_deinit(&error);
    return status == STATUS_OK && fflush(stdout) == 0 ? 0 : 1;
}
