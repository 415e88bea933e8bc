/* `segreteria search check`: whether what search answers from is what the vacancies say. Two
 * comparisons: the rows of job_search with their vacancies, and the index of a running server with
 * those rows. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "commands.h"
#include "database.h"
#include "search_state.h"
#include "segreteria/core/log.h"
#include "segreteria/db/command.h"
#include "segreteria/search/check.h"

#define STATE_MAX ((size_t)1 << 30)
#define NAMED_MAX 1000 /* ids told of each kind */
#define ROUNDS 2
#define PAUSE_MS 1500 /* an index is a second behind at most */

static const char help[] = CLI_HELP_AND(
    "Usage: segreteria search check [OPTION]...\n"
    "Check that what search answers from is what the vacancies say: that the data base's own rows for search fit\n"
    "the vacancies, and, with --ops, that the index which a running server has in memory holds the same, word by\n"
    "word. What changes meanwhile is left out; a difference counts when it is found twice.\n"
    "\n"
    "  --ops HOST:PORT     a running server's address for operators (its --ops-listen)\n"
    "  --texts             make every row anew and compare all of it (some milliseconds a vacancy), not only the\n"
    "                      columns that cost little\n"
    "  --json              the result as JSON\n",
    "Exit status: 0 all is equal, 1 something differs, 2 used wrongly, 3 it could not be looked at.\n");

enum { OPS = 1, TEXTS, JSON };

static const struct option long_options[] = {
    {"ops", required_argument, NULL, OPS},
    {"texts", no_argument, NULL, TEXTS},
    {"json", no_argument, NULL, JSON},
    CLI_COMMON_OPTIONS,
};

struct command {
    const char *ops;
    bool texts, json;
    struct cli_database database;
    struct search_faults rows, index;
    struct search_check_totals totals;
    size_t index_count;
};

static int take(int option, void *context) {
    struct command *command = context;
    switch (option) {
    case OPS: command->ops = optarg; break;
    case TEXTS: command->texts = true; break;
    case JSON: command->json = true; break;
    }
    return CLI_GO_ON;
}

static const struct cli_usage usage = {"search", help, long_options, take};

static int parse(int argc, char **argv, struct command *command) {
    cli_database_init(&command->database);
    int exit_status = cli_options(argc, argv, &usage, &command->database.options, command);
    if (exit_status != CLI_GO_ON)
        return exit_status;
    if (argc - optind != 1 || strcmp(argv[optind], "check") != 0)
        return cli_wrong(&usage, "search takes check");
    return CLI_GO_ON;
}

/* ---- the comparisons ---- */

static void explain(enum status status, const struct command *command, struct buf *error) {
    if (error->len > 0)
        return;
    if (status == STATUS_MISMATCH)
        buf_printf(error, "the server at %s works on another data base than this", command->ops);
    else if (status == STATUS_NOT_FOUND)
        buf_append_text(error,
                        "the log of changes does not reach back to what the server has read");
    else if (status == STATUS_INVALID)
        buf_printf(error, "%s did not answer with the state of an index", command->ops);
}

static enum status compare_index(struct command *command, const char *conninfo,
                                 struct search_faults *out, struct buf *error) {
    struct buf text;
    struct search_state state;
    buf_init(&text, STATE_MAX);
    enum status status = cli_search_state(command->ops, &text, error);
    if (status == STATUS_OK)
        status = search_state_parse(buf_str(&text), &state);
    if (status == STATUS_OK) {
        command->index_count = state.count;
        status = search_check_state(conninfo, &state, out, &command->totals);
    }
    explain(status, command, error);
    buf_deinit(&text);
    return status;
}

/* A row, or an index, that is found wrong is looked at again a moment later. */
static enum status work(struct command *command, const char *conninfo, struct buf *error) {
    enum status status = cli_database_has(conninfo, "search_check(boolean)", error);
    if (status == STATUS_OK)
        status = search_check_rows(conninfo, command->texts, &command->rows);
    for (int round = 0; status == STATUS_OK && command->ops != NULL && round < ROUNDS; round++) {
        struct search_faults found = {0};
        const struct timespec pause = {PAUSE_MS / 1000, PAUSE_MS % 1000 * 1000000L};
        if (round > 0)
            (void)nanosleep(&pause, NULL);
        status = compare_index(command, conninfo, &found, error);
        if (round == 0) {
            command->index = found;
        } else {
            search_faults_keep_common(&command->index, &found);
            search_faults_clear(&found);
        }
        if (search_faults_count(&command->index) == 0)
            break;
    }
    return status;
}

/* ---- the report ---- */

static const char *const fault_names[SEARCH_FAULTS] = {"missing", "extra", "different"};

static json_t *json_faults(const struct search_faults *faults) {
    json_t *object = json_object();
    for (unsigned i = 0; i < SEARCH_FAULTS; i++) {
        json_t *ids = json_array();
        for (size_t j = 0; j < faults->kinds[i].count && j < NAMED_MAX; j++) {
            char text[UUID_TEXT_SIZE];
            uuid_format(&faults->kinds[i].ids[j], text);
            (void)json_array_append_new(ids, json_string(text));
        }
        json_t *kind = json_object();
        (void)json_object_set_new(kind, "count", json_integer((json_int_t)faults->kinds[i].count));
        (void)json_object_set_new(kind, "job_ids", ids);
        (void)json_object_set_new(object, fault_names[i], kind);
    }
    return object;
}

static bool in_step(const struct command *command) {
    return search_faults_count(&command->rows) + search_faults_count(&command->index) == 0;
}

static void report_json(const struct command *command) {
    json_t *report = json_object(), *rows = json_faults(&command->rows);
    (void)json_object_set_new(report, "in_step", json_boolean(in_step(command)));
    (void)json_object_set_new(rows, "texts", json_boolean(command->texts));
    (void)json_object_set_new(report, "table", rows);
    if (command->ops != NULL) {
        json_t *index = json_faults(&command->index);
        (void)json_object_set_new(index, "server", json_string(command->ops));
        (void)json_object_set_new(index, "vacancies",
                                  json_integer((json_int_t)command->index_count));
        (void)json_object_set_new(index, "rows", json_integer((json_int_t)command->totals.table));
        (void)json_object_set_new(index, "changed_meanwhile",
                                  json_integer((json_int_t)command->totals.in_flight));
        (void)json_object_set_new(report, "index", index);
    }
    char *text = json_dumps(report, JSON_INDENT(2));
    (void)puts(text == NULL ? "" : text);
    free(text);
    json_decref(report);
}

static void report_faults(const char *where, const struct search_faults *faults) {
    for (unsigned i = 0; i < SEARCH_FAULTS; i++) {
        size_t count = faults->kinds[i].count;
        for (size_t j = 0; j < count && j < NAMED_MAX; j++) {
            char text[UUID_TEXT_SIZE];
            uuid_format(&faults->kinds[i].ids[j], text);
            (void)printf("%s: %s: %s\n", where, fault_names[i], text);
        }
        if (count > NAMED_MAX)
            (void)printf("%s: %s: and %zu more\n", where, fault_names[i], count - NAMED_MAX);
    }
}

static void report(const struct command *command) {
    report_faults("table", &command->rows);
    report_faults("index", &command->index);
    size_t rows = search_faults_count(&command->rows), index = search_faults_count(&command->index);
    (void)printf("table: %zu rows are not what their vacancies say%s\n", rows,
                 command->texts ? "" : " (texts not compared)");
    if (command->ops != NULL)
        (void)printf("index: %zu vacancies of %zu are not as in the table; %zu changed meanwhile\n",
                     index, command->totals.table, command->totals.in_flight);
}

int cli_search(int argc, char **argv) {
    struct command command = {0};
    int exit_status = parse(argc, argv, &command);
    if (exit_status >= 0)
        return exit_status;
    log_set_level(LOG_WARN);
    struct buf error;
    buf_init(&error, 8192);
    const char *conninfo = cli_database_open(&command.database, &error);
    enum status status = conninfo == NULL ? STATUS_UNAVAILABLE : work(&command, conninfo, &error);
    cli_database_close(&command.database);
    cli_tell(status, &error);
    if (status == STATUS_OK)
        (command.json ? report_json : report)(&command);
    exit_status = status != STATUS_OK ? 3 : in_step(&command) ? 0 : 1;
    search_faults_clear(&command.rows);
    search_faults_clear(&command.index);
    buf_deinit(&error);
    return exit_status;
}
