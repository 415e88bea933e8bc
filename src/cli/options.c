/* `segreteria serve`: its options. */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "command.h"

static const char help[] =
    "Usage: segreteria serve [OPTION]...\n"
    "Serve the job-board API. Without SEGRETERIA_DATABASE_URL it runs a private PostgreSQL of its own.\n"
    "\n"
    "  --listen HOST:PORT        address to serve on (127.0.0.1:8080); port 0 takes a free one\n"
    "  --ops-listen HOST:PORT    a second address, for operators alone: /livez, /readyz, /metrics (none)\n"
    "  --data-dir DIR            private data: cluster, master key (/var/lib/segreteria as root, otherwise\n"
    "                            $XDG_DATA_HOME/segreteria or ~/.local/share/segreteria)\n"
    "  --workers N               threads that serve (one for each core)\n"
    "  --write-connections N     data base connections for writes of each worker (2 to 12)\n"
    "  --password-threads N      passwords hashed at once, 19 MiB each (half the cores, 1 to 4)\n"
    "  --connections N           clients each worker takes at once (8192)\n"
    "  --search-memory MIB       the most that the search index in memory may take (1024); 0: PostgreSQL searches alone\n"
    "  --audit-retention-days N  how long the audit trail is kept, 180 to 3650 (730)\n"
    "  --export-max MIB          the most that a person's export may take, 1 to 1024 (1024)\n"
    "  --drain-seconds N         time for running requests at shutdown (20)\n"
    "  --run-as USER             user to become when started by root\n"
    "  --postgres-bin DIR        where initdb and postgres are\n"
    "  --cors-origin ORIGIN      browser origin allowed beyond public reads; may be repeated\n"
    "  --trusted-proxy NETWORK   proxies (address or CIDR) whose Forwarded and X-Forwarded-For are believed; may be repeated\n"
    "  --public-url URL          where people find this server, for links in mail (http://HOST:PORT)\n"
    "  --mail-from ADDRESS       who mail comes from: \"Name <mail@example.org>\"\n"
    "  --smtp-url URL            mail server: smtp://HOST:PORT, with STARTTLS, or smtps://HOST:PORT; without one\n"
    "                            mail is written to files in DIR/mail\n"
    "  --smtp-plain              smtp:// without STARTTLS, for a mail server on this machine\n"
    "  --smtp-ca-file FILE       certificates to trust in place of the system's\n"
    "  --clamd ADDRESS           virus scanner for documents: /run/clamav/clamd.ctl, or IP:PORT\n"
    "  --rate-limit RULE         requests of a token or an anonymous address, CLASS=N/PERIOD[,BURST]: class read,\n"
    "                            write, sign_in, upload or export, period second, minute, hour or day; CLASS=off\n"
    "                            or off: none; may be repeated\n"
    "  --security-contact URI    whom to tell of weaknesses, mailto:, https: or tel:, for security.txt; may be repeated\n"
    "  --log-level LEVEL         debug, info, warn or error (info)\n"
    "  --no-access-log           no line for each request\n"
    "  --help\n"
    "\n"
    "Environment: SEGRETERIA_DATABASE_URL (any libpq connection string), SEGRETERIA_MASTER_KEY (instead of\n"
    "DIR/master.key), SEGRETERIA_LISTEN, SEGRETERIA_OPS_LISTEN, SEGRETERIA_DATA_DIR,\n"
    "SEGRETERIA_PUBLIC_URL, SEGRETERIA_MAIL_FROM, SEGRETERIA_SMTP_URL, SEGRETERIA_SMTP_USER, SEGRETERIA_SMTP_PASSWORD,\n"
    "SEGRETERIA_CLAMD, SEGRETERIA_RATE_LIMIT (rules as for --rate-limit, divided by blanks).\n"
    "SIGTERM and SIGINT: finish the running requests, then exit with status 0.\n";

enum {
    LISTEN = 1,
    OPS_LISTEN,
    DATA_DIR,
    WORKERS,
    WRITES,
    PASSWORDS,
    CONNECTIONS,
    SEARCH_MEMORY,
    AUDIT_RETENTION,
    EXPORT_MAX,
    DRAIN,
    RUN_AS,
    POSTGRES_BIN,
    CORS,
    PROXY,
    PUBLIC_URL,
    MAIL_FROM,
    SMTP_URL,
    SMTP_PLAIN,
    SMTP_CA_FILE,
    CLAMD,
    RATE_LIMIT,
    SECURITY_CONTACT,
    LOG_LEVEL,
    NO_ACCESS_LOG,
    HELP
};

static const struct option long_options[] = {
    {"listen", required_argument, NULL, LISTEN},
    {"ops-listen", required_argument, NULL, OPS_LISTEN},
    {"data-dir", required_argument, NULL, DATA_DIR},
    {"workers", required_argument, NULL, WORKERS},
    {"write-connections", required_argument, NULL, WRITES},
    {"password-threads", required_argument, NULL, PASSWORDS},
    {"connections", required_argument, NULL, CONNECTIONS},
    {"search-memory", required_argument, NULL, SEARCH_MEMORY},
    {"audit-retention-days", required_argument, NULL, AUDIT_RETENTION},
    {"export-max", required_argument, NULL, EXPORT_MAX},
    {"drain-seconds", required_argument, NULL, DRAIN},
    {"run-as", required_argument, NULL, RUN_AS},
    {"postgres-bin", required_argument, NULL, POSTGRES_BIN},
    {"cors-origin", required_argument, NULL, CORS},
    {"trusted-proxy", required_argument, NULL, PROXY},
    {"public-url", required_argument, NULL, PUBLIC_URL},
    {"mail-from", required_argument, NULL, MAIL_FROM},
    {"smtp-url", required_argument, NULL, SMTP_URL},
    {"smtp-plain", no_argument, NULL, SMTP_PLAIN},
    {"smtp-ca-file", required_argument, NULL, SMTP_CA_FILE},
    {"clamd", required_argument, NULL, CLAMD},
    {"rate-limit", required_argument, NULL, RATE_LIMIT},
    {"security-contact", required_argument, NULL, SECURITY_CONTACT},
    {"log-level", required_argument, NULL, LOG_LEVEL},
    {"no-access-log", no_argument, NULL, NO_ACCESS_LOG},
    {"help", no_argument, NULL, HELP},
    {NULL, 0, NULL, 0},
};

static void defaults(struct serve_options *out) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    *out = (struct serve_options){
        .listen = cli_env("SEGRETERIA_LISTEN", "127.0.0.1:8080"),
        .ops_listen = cli_env("SEGRETERIA_OPS_LISTEN", NULL),
        .data_dir = cli_env("SEGRETERIA_DATA_DIR", NULL),
        .database_url = cli_env("SEGRETERIA_DATABASE_URL", NULL),
        .master_key = cli_env("SEGRETERIA_MASTER_KEY", NULL),
        .workers = cores < 1 ? 1 : (size_t)cores,
        .password_threads = cores < 4   ? 1
                            : cores > 8 ? 4
                                        : (size_t)cores / 2,
        .connections_max = 8192,
        .search_memory_mib = 1024,
        .audit_retention_days = 730,
        .export_max_mib = EXPORT_MAX_MIB,
        .drain_ms = 20000,
        .access_log = true,
        .log_level = LOG_INFO,
    };
    mail_options_defaults(&out->mail);
    rate_rules_default(&out->rates);
}

/* Writes wait for the disk, and commits that come together share a flush: about this many of all
 * workers gain the most (docs/performance.md). A few for each worker however many there are. */
#define WRITE_CONNECTIONS_ALL 24
#define WRITE_CONNECTIONS_LEAST 2
#define WRITE_CONNECTIONS_MOST 12

static size_t default_write_connections(size_t workers) {
    size_t share = WRITE_CONNECTIONS_ALL / workers;
    return share < WRITE_CONNECTIONS_LEAST  ? WRITE_CONNECTIONS_LEAST
           : share > WRITE_CONNECTIONS_MOST ? WRITE_CONNECTIONS_MOST
                                            : share;
}

static bool number(const char *name, const char *text, size_t least, size_t most, size_t *out) {
    uint64_t value = 0;
    if (str_to_u64(str_of(text), most, &value) != STATUS_OK || value < least) {
        (void)fprintf(stderr, "segreteria: --%s takes a number from %zu to %zu, not \"%s\"\n", name,
                      least, most, text);
        return false;
    }
    *out = (size_t)value;
    return true;
}

static bool has_room(const char *name, size_t count) {
    if (count < OPTIONS_LIST_MAX)
        return true;
    (void)fprintf(stderr, "segreteria: --%s can be given %d times at most\n", name,
                  OPTIONS_LIST_MAX);
    return false;
}

static bool add(const char *name, struct str *list, size_t *count) {
    if (!has_room(name, *count))
        return false;
    list[(*count)++] = str_of(optarg);
    return true;
}

static bool add_network(const char *name, struct http_network *list, size_t *count) {
    if (!has_room(name, *count))
        return false;
    if (http_network_parse(str_of(optarg), &list[*count]) != STATUS_OK) {
        (void)fprintf(
            stderr, "segreteria: --%s takes an address or a network like 10.0.0.0/8, not \"%s\"\n",
            name, optarg);
        return false;
    }
    (*count)++;
    return true;
}

/* RFC 9116 section 2.5.3: a URI; web addresses with https. */
static bool is_contact(struct str uri) {
    bool known = (str_starts_with(uri, STR("mailto:")) && uri.len > 7) ||
                 (str_starts_with(uri, STR("https://")) && uri.len > 8) ||
                 (str_starts_with(uri, STR("tel:+")) && uri.len > 5);
    for (size_t i = 0; i < uri.len; i++)
        known = known && uri.ptr[i] > ' ' && uri.ptr[i] < 0x7F;
    if (!known)
        (void)fprintf(
            stderr,
            "segreteria: --security-contact takes mailto:..., https://... or tel:+..., not "
            "\"%.*s\"\n",
            STR_FMT(uri));
    return known;
}

static bool rate_limit(const char *name, struct str rule, struct serve_options *out) {
    if (rate_rules_parse(rule, &out->rates) == STATUS_OK)
        return true;
    (void)fprintf(stderr,
                  "segreteria: %s takes CLASS=N/PERIOD[,BURST] (a bucket that fills within a day), "
                  "CLASS=off or off, not \"%.*s\"\n",
                  name, STR_FMT(rule));
    return false;
}

static bool scanner(const char *name, const char *address, struct serve_options *out) {
    if (clamd_address_parse(str_of(address), &out->clamd) == STATUS_OK)
        return true;
    (void)fprintf(stderr,
                  "segreteria: %s takes the path of a socket, IP:PORT or [IP]:PORT, not \"%s\"\n",
                  name, address);
    return false;
}

/* Rules divided by blanks. */
static bool rate_limits_of_environment(struct serve_options *out) {
    struct str rest = str_of(cli_env("SEGRETERIA_RATE_LIMIT", NULL)), rule;
    while (str_split(&rest, ' ', &rule))
        if (rule.len > 0 && !rate_limit("SEGRETERIA_RATE_LIMIT", rule, out))
            return false;
    return true;
}

static bool apply(int option, struct serve_options *out) {
    size_t seconds = 0;
    switch (option) {
    case LISTEN: out->listen = optarg; return true;
    case OPS_LISTEN: out->ops_listen = optarg; return true;
    case DATA_DIR: out->data_dir = optarg; return true;
    case RUN_AS: out->run_as = optarg; return true;
    case POSTGRES_BIN: out->postgres_bin = optarg; return true;
    case NO_ACCESS_LOG: out->access_log = false; return true;
    case PUBLIC_URL: out->mail.public_url = optarg; return true;
    case MAIL_FROM: out->mail.mail_from = optarg; return true;
    case SMTP_URL: out->mail.smtp_url = optarg; return true;
    case SMTP_PLAIN: out->mail.smtp_plain = true; return true;
    case SMTP_CA_FILE: out->mail.smtp_ca_file = optarg; return true;
    case WORKERS: return number("workers", optarg, 1, 256, &out->workers);
    case WRITES: return number("write-connections", optarg, 1, 64, &out->write_connections);
    case PASSWORDS: return number("password-threads", optarg, 1, 64, &out->password_threads);
    case CONNECTIONS: return number("connections", optarg, 16, 1000000, &out->connections_max);
    case SEARCH_MEMORY:
        return number("search-memory", optarg, 0, (size_t)1024 * 1024, &out->search_memory_mib);
    case AUDIT_RETENTION:
        return number("audit-retention-days", optarg, 180, 3650, &out->audit_retention_days);
    case EXPORT_MAX: return number("export-max", optarg, 1, EXPORT_MAX_MIB, &out->export_max_mib);
    case DRAIN:
        if (!number("drain-seconds", optarg, 0, 3600, &seconds))
            return false;
        out->drain_ms = (unsigned)seconds * 1000;
        return true;
    case CORS: return add("cors-origin", out->cors_origins, &out->cors_origins_count);
    case PROXY:
        return add_network("trusted-proxy", out->trusted_proxies, &out->trusted_proxies_count);
    case SECURITY_CONTACT:
        return is_contact(str_of(optarg)) &&
               add("security-contact", out->security_contacts, &out->security_contacts_count);
    case CLAMD: return scanner("--clamd", optarg, out);
    case RATE_LIMIT: return rate_limit("--rate-limit", str_of(optarg), out);
    case LOG_LEVEL:
        if (log_level_parse(str_of(optarg), &out->log_level) == STATUS_OK)
            return true;
        (void)fprintf(stderr,
                      "segreteria: --log-level takes debug, info, warn or error, not \"%s\"\n",
                      optarg);
        return false;
    default: (void)fprintf(stderr, "Try: segreteria serve --help\n"); return false;
    }
}

int serve_options_parse(int argc, char **argv, struct serve_options *out) {
    defaults(out);
    const char *clamd = cli_env("SEGRETERIA_CLAMD", NULL);
    if (!rate_limits_of_environment(out) ||
        (clamd != NULL && !scanner("SEGRETERIA_CLAMD", clamd, out)))
        return 3;
    for (int option; (option = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
        if (option == HELP) {
            (void)fputs(help, stdout);
            return 1;
        }
        if (!apply(option, out))
            return 3;
    }
    if (optind < argc) {
        (void)fprintf(stderr,
                      "segreteria: serve takes no argument \"%s\"\nTry: segreteria serve --help\n",
                      argv[optind]);
        return 3;
    }
    if (!mail_options_check(&out->mail))
        return 3;
    if (out->write_connections == 0)
        out->write_connections = default_write_connections(out->workers);
    return 0;
}
