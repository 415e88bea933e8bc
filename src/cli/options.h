/* Options of the command line and the environment, for the commands that need a data base or a
 * server. */
#ifndef SEGRETERIA_CLI_OPTIONS_H
#define SEGRETERIA_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "mail_options.h"
#include "segreteria/auth/rate.h"
#include "segreteria/background/background.h"
#include "segreteria/background/clamd.h"
#include "segreteria/core/log.h"
#include "segreteria/core/str.h"
#include "segreteria/http/address.h"

#define OPTIONS_LIST_MAX 16

struct serve_options {
    const char *listen;       /* HOST:PORT */
    const char *ops_listen;   /* HOST:PORT; NULL: none */
    const char *data_dir;     /* NULL: the default by XDG */
    const char *run_as;       /* NULL: chosen */
    const char *postgres_bin; /* NULL: searched */
    const char *database_url; /* NULL: the private cluster */
    const char *master_key;   /* NULL: the key file */
    size_t workers;
    size_t write_connections; /* of a worker */
    size_t password_threads;  /* for Argon2id */
    unsigned drain_ms;        /* how long running requests may take at shutdown */
    size_t connections_max;   /* clients of a worker */
    size_t audit_retention_days;
    size_t export_max_mib;    /* of a person's export */
    size_t search_memory_mib; /* of the index; 0: none */
    bool access_log;
    enum log_level log_level;
    struct str cors_origins[OPTIONS_LIST_MAX];
    size_t cors_origins_count;
    struct http_network trusted_proxies[OPTIONS_LIST_MAX];
    size_t trusted_proxies_count;
    struct mail_options mail;
    struct clamd_address clamd; /* len 0: documents are not scanned */
    struct rate_rules rates;
    struct str security_contacts[OPTIONS_LIST_MAX]; /* URIs */
    size_t security_contacts_count;
};

/* 0: run; otherwise the command is done and this is its exit status + 1 (after --help, or a wrong
 * option, which has been told on standard error). Defaults, then environment, then command line. */
int serve_options_parse(int argc, char **argv, struct serve_options *out);

#endif
