/* `segreteria demo`: fills a running server, through its public API, with companies, vacancies,
 * candidates and applications written for the project (demo.json), and prints tokens to go on with.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "commands.h"
#include "demo_steps.h"
#include "generated/assets.h"

#define DEMO_URL "http://127.0.0.1:8080"
#define DEMO_PASSWORD "a demo of Segreteria"
#define URL_LEN_MAX 1000

static const char help[] =
    "Usage: segreteria demo [OPTION]...\n"
    "Fill a running server with demo companies, vacancies, candidates and applications, through\n"
    "its public API. Running it again doubles nothing.\n"
    "\n"
    "  --url URL  the server (" DEMO_URL ")\n"
    "  --help\n"
    "\n"
    "Environment: SEGRETERIA_DEMO_PASSWORD, the password of the demo accounts; needed for a server\n"
    "on another machine, because the usual one is no secret.\n";

enum { URL = 1, HELP };

static const struct option long_options[] = {
    {"url", required_argument, NULL, URL}, {"help", no_argument, NULL, HELP}, {NULL, 0, NULL, 0}};

static const char *const company_scopes[] = {
    "jobs:read",    "jobs:write",    "applications:read", "applications:write",
    "company:read", "company:write", "profile:read",      "profile:write"};
static const char *const candidate_scopes[] = {"jobs:read",          "applications:read",
                                               "applications:write", "company:read",
                                               "profile:read",       "profile:write"};
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A server that only this machine reaches: there the well-known password does no harm. */
static bool is_local(struct str url) {
    static const struct str hosts[] = {STR_INIT("127.0.0.1"), STR_INIT("localhost"),
                                       STR_INIT("[::1]")};
    size_t at = str_starts_with(url, STR("https://")) ? 8 : 7;
    if (!str_starts_with(url, STR("http://")) && at == 7)
        return false;
    struct str host = str_from(url.ptr + at, url.len - at);
    if (str_find(host, '@') < host.len) /* what stands before it is no host */
        return false;
    for (size_t i = 0; i < COUNT(hosts); i++)
        if (str_starts_with(host, hosts[i]) &&
            (host.len == hosts[i].len || host.ptr[hosts[i].len] == ':'))
            return true;
    return false;
}

/* -1: go on; else the exit status. */
static int parse(int argc, char **argv, char *url, const char **password) {
    const char *given = DEMO_URL;
    for (int option; (option = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
        switch (option) {
        case URL: given = optarg; break;
        case HELP: (void)fputs(help, stdout); return 0;
        default: (void)fputs("Try: segreteria demo --help\n", stderr); return 2;
        }
    }
    size_t len = strlen(given);
    while (len > 0 && given[len - 1] == '/')
        len--;
    if (optind < argc || len == 0 || len > URL_LEN_MAX) {
        (void)fputs("segreteria: demo takes no arguments and a --url such as " DEMO_URL "\n"
                    "Try: segreteria demo --help\n",
                    stderr);
        return 2;
    }
    memcpy(url, given, len);
    url[len] = '\0';
    *password = getenv("SEGRETERIA_DEMO_PASSWORD");
    if (*password != NULL && (*password)[0] != '\0')
        return -1;
    *password = DEMO_PASSWORD;
    if (is_local(str_from(url, len)))
        return -1;
    (void)fprintf(stderr,
                  "segreteria: %s is not this machine: set SEGRETERIA_DEMO_PASSWORD, so that "
                  "nobody else can sign in as the demo accounts\n",
                  url);
    return 2;
}

/* demo.json with its dates in the year to come, so that the vacancies are open and a second run
 * within a year changes nothing. */
static json_t *read_data(struct buf *error) {
    static const char mark[] = "NEXT_YEAR";
    time_t now = time(NULL);
    struct tm today;
    if (gmtime_r(&now, &today) == NULL)
        return NULL;
    struct buf text;
    buf_init(&text, 1u << 20);
    const char *rest = (const char *)asset_demo_json.data;
    for (const char *at; (at = strstr(rest, mark)) != NULL; rest = at + sizeof mark - 1) {
        buf_append(&text, str_from(rest, (size_t)(at - rest)));
        buf_printf(&text, "%04d", today.tm_year + 1900 + 1);
    }
    buf_append_text(&text, rest);
    json_error_t where = {0};
    json_t *data = NULL;
    if (buf_status(&text) == STATUS_OK)
        data = json_loadb(text.data, text.len, 0, &where);
    if (data == NULL)
        buf_printf(error, "the demo's data cannot be read: line %d: %s", where.line, where.text);
    buf_deinit(&text);
    return data;
}

static void print_count(const char *what, const struct demo_count *count) {
    (void)printf("  %-13s %u new, %u there already", what, count->made, count->found);
    if (count->ended > 0)
        (void)printf(", %u ended since and left as they are", count->ended);
    (void)putchar('\n');
}

/* A line for a shell: COMPANY=sgr_...  # who. From the second on COMPANY_2 and so on. */
static void add_token(struct buf *tokens, const char *variable, size_t number, const char *secret,
                      const char *name, const char *email) {
    buf_printf(tokens, "  %s", variable);
    if (number > 1)
        buf_printf(tokens, "_%zu", number);
    buf_printf(tokens, "=%s  # %s, %s\n", secret, name, email);
}

static enum status fill_company(struct demo *demo, const json_t *entry, size_t number,
                                struct buf *tokens) {
    struct demo_account account = {0};
    enum status status = demo_company_enter(demo, entry, &account);
    if (status == STATUS_OK)
        status = demo_vacancies(demo, entry, &account);
    if (status == STATUS_OK)
        status = demo_token(demo, &account, company_scopes, COUNT(company_scopes));
    if (status == STATUS_OK)
        add_token(tokens, "COMPANY", number, account.secret,
                  demo_text(json_object_get(entry, "company"), "name"),
                  demo_text(json_object_get(entry, "owner"), "email"));
    return status;
}

static enum status fill_candidate(struct demo *demo, const json_t *entry, size_t number,
                                  struct buf *tokens) {
    struct demo_account account = {0};
    enum status status = demo_candidate_enter(demo, entry, &account);
    if (status == STATUS_OK)
        status = demo_applications(demo, entry, &account);
    if (status == STATUS_OK)
        status = demo_token(demo, &account, candidate_scopes, COUNT(candidate_scopes));
    const json_t *candidate = json_object_get(entry, "candidate");
    if (status == STATUS_OK)
        add_token(tokens, "CANDIDATE", number, account.secret, demo_text(candidate, "given_name"),
                  demo_text(candidate, "email"));
    return status;
}

static enum status fill(struct demo *demo, const json_t *data, struct buf *tokens) {
    const json_t *companies = json_object_get(data, "companies");
    const json_t *candidates = json_object_get(data, "candidates");
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < json_array_size(companies); i++)
        status = fill_company(demo, json_array_get(companies, i), i + 1, tokens);
    for (size_t i = 0; status == STATUS_OK && i < json_array_size(candidates); i++)
        status = fill_candidate(demo, json_array_get(candidates, i), i + 1, tokens);
    return status != STATUS_OK ? status : buf_status(tokens);
}

static void print_done(const struct demo *demo, const char *url, const char *password,
                       const struct buf *tokens) {
    (void)printf("The demo is at %s:\n\n", url);
    print_count("vacancies", &demo->vacancies);
    print_count("applications", &demo->applications);
    (void)printf(
        "\nAPI tokens, shown only now; those that an earlier run showed no longer work:\n\n"
        "%s\n",
        tokens->data);
    (void)printf("The password of these accounts: %s\n\n", password);
    (void)printf("Try next, after setting COMPANY and CANDIDATE as above:\n\n"
                 "  curl '%s/v1/jobs?city=Milano&role=executive_assistant'\n"
                 "  curl -H \"Authorization: Bearer $COMPANY\" '%s/v1/jobs?scope=own&limit=3'\n"
                 "  curl -H \"Authorization: Bearer $COMPANY\" %s/v1/applications\n"
                 "  curl -H \"Authorization: Bearer $CANDIDATE\" %s/v1/applications\n\n"
                 "All operations, to read and to try: %s/docs\n",
                 url, url, url, url, url);
}

static enum status work(const char *url, const char *password, struct buf *error) {
    struct buf tokens;
    buf_init(&tokens, 65536);
    struct demo demo = {.password = password, .error = error};
    json_t *data = read_data(error);
    demo.sessions = json_object();
    demo.jobs = json_object();
    enum status status = STATUS_NO_MEMORY;
    if (data != NULL && demo.sessions != NULL && demo.jobs != NULL)
        status = demo_client_create(url, &demo.client);
    if (status == STATUS_OK)
        status = fill(&demo, data, &tokens);
    if (status == STATUS_OK)
        print_done(&demo, url, password, &tokens);
    else if (status == STATUS_UNAVAILABLE)
        buf_printf(error, "\nIs the server running? segreteria serve (or ./dev run) starts it.");
    demo_client_destroy(demo.client);
    json_decref(demo.sessions);
    json_decref(demo.jobs);
    json_decref(data);
    buf_wipe(&tokens);
    return status;
}

int cli_demo(int argc, char **argv) {
    char url[URL_LEN_MAX + 1];
    const char *password = NULL;
    int exit_status = parse(argc, argv, url, &password);
    if (exit_status >= 0)
        return exit_status;
    struct buf error;
    buf_init(&error, 65536);
    enum status status = work(url, password, &error);
    if (status != STATUS_OK)
        (void)fprintf(stderr, "segreteria: %s\n", error.len > 0 ? error.data : status_name(status));
    buf_deinit(&error);
    return status == STATUS_OK && fflush(stdout) == 0 ? 0 : 1;
}
