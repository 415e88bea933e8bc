/* `segreteria serve`: puts the rooms together, watches over the private cluster, and takes them
 * apart again.
 *
 * The main thread does what may block, at start and at the end; in between it only waits for
 * signals. Order of the start: contract (a mistake there should be told before anything is
 * touched), data directory, listening sockets (the port may need root), privileges dropped, keys,
 * data base, migrations, workers.
 */
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "commands.h"
#include "generated/assets.h"
#include "generated/migrations.h"
#include "options.h"
#include "segreteria/auth/password.h"
#include "segreteria/background/background.h"
#include "segreteria/core/clock.h"
#include "segreteria/db/allowance.h"
#include "segreteria/db/cluster.h"
#include "segreteria/db/migrate.h"
#include "segreteria/search/feed.h"
#include "segreteria/worker/listen.h"
#include "serve_worker.h"

/* Names are resolved when a data base connection is made. */
#define HELPER_THREADS 2
#define HELPER_QUEUE 128
/* Hashes that may wait for a thread: what is answered within a second or two. */
#define PASSWORD_QUEUE_PER_THREAD 64
#define PASSWORD_QUEUE_SECONDS_MAX 10
#define READY_WITHIN_MS 30000

struct serve {
    struct serve_options options;
    struct contract *contract;
    struct lint *lint;
    struct api_table *table;
    struct cluster *cluster;
    char data_path[64]; /* /proc/self/fd/N: reachable whatever the permissions above the data
                           directory */
    const char *conninfo;
    struct db_constraints *constraints;
    struct keys keys;
    struct api_shared shared;
    struct serve_worker *workers;
    size_t workers_started;
    int *listen_fds;
    size_t listen_count;
    struct search_feed *feed;
    struct background *background;
    struct ops *ops;
    const struct ops_worker **counted; /* of the workers */
    int ops_fd;
    struct buf ops_bound;
    int signal_fd;
    bool told;        /* to stop: whatever step that interrupts, the end is a clean one */
    struct buf bound; /* the address served on */
    char site[512];   /* the same for people */
    struct buf error; /* the one line that says why not */
};

/* ---- start ---- */

static enum status open_signals(struct serve *serve) {
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    struct sigaction inherited;
    if (sigaction(SIGHUP, NULL, &inherited) != 0 || inherited.sa_handler != SIG_IGN) /* nohup(1) */
        (void)sigaddset(&set, SIGHUP);
    (void)sigaddset(&set, SIGCHLD);
    (void)signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return STATUS_IO;
    serve->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return serve->signal_fd < 0 ? STATUS_IO : STATUS_OK;
}

/* Thousands of clients need descriptors; the soft limit is often 1,024. */
static void raise_file_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            log_warn("file_limit_kept", "errno=%d", errno);
    }
}

/* Workers free as much as they take, many times a millisecond: giving pages back to the kernel in
 * between and asking for them again costs more than the few megabytes are worth. */
static void keep_memory(void) {
    (void)mallopt(M_TRIM_THRESHOLD, 16 * 1024 * 1024);
    (void)mallopt(M_TOP_PAD, 256 * 1024);
    (void)mallopt(M_MMAP_THRESHOLD, 4 * 1024 * 1024);
}

static enum status open_contract(struct serve *serve) {
    enum status status = contract_create(asset_openapi_json.data, asset_openapi_json.len,
                                         &serve->contract, &serve->error);
    if (status == STATUS_OK)
        status = lint_create(str_from((const char *)asset_lint_json.data, asset_lint_json.len),
                             &serve->lint, &serve->error);
    return status != STATUS_OK ? status
                               : api_table_create(serve->contract, &serve->table, &serve->error);
}

static enum status open_sockets(struct serve *serve) {
    serve->listen_fds = calloc(serve->options.workers, sizeof serve->listen_fds[0]);
    if (serve->listen_fds == NULL)
        return STATUS_NO_MEMORY;
    enum status status = listen_open(str_of(serve->options.listen), serve->options.workers,
                                     serve->listen_fds, &serve->bound, &serve->error);
    if (status == STATUS_OK)
        serve->listen_count = serve->options.workers;
    if (status == STATUS_OK && serve->options.ops_listen != NULL)
        status = listen_open(str_of(serve->options.ops_listen), 1, &serve->ops_fd,
                             &serve->ops_bound, &serve->error);
    return status;
}

static bool told_to_stop(void *context) {
    struct serve *serve = context;
    struct signalfd_siginfo info;
    while (read(serve->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
        serve->told = serve->told || info.ssi_signo != SIGCHLD;
    return serve->told;
}

static enum status open_data(struct serve *serve) {
    const struct cluster_options cluster = {.data_dir = serve->options.data_dir,
                                            .postgres_bin = serve->options.postgres_bin,
                                            .run_as = serve->options.run_as,
                                            .shared = serve->options.database_url != NULL,
                                            .cancelled = told_to_stop,
                                            .context = serve};
    enum status status = cluster_open(&cluster, &serve->cluster, &serve->error);
    if (status == STATUS_OK)
        status = open_sockets(serve);
    if (status == STATUS_OK)
        status = cluster_drop_privileges(serve->cluster, &serve->error);
    if (status != STATUS_OK)
        return status;
    (void)snprintf(serve->data_path, sizeof serve->data_path, "/proc/self/fd/%d",
                   cluster_dir_fd(serve->cluster));
    return keys_load(serve->options.master_key, serve->data_path, &serve->keys, &serve->error);
}

static enum status check_allowance(struct serve *serve) {
    size_t needed = serve->options.workers * serve_worker_connections(&serve->options) +
                    BACKGROUND_CONNECTIONS + BACKGROUND_CONNECTIONS_MORE + SEARCH_FEED_CONNECTIONS;
    size_t allowed = 0;
    enum status status = db_connections_allowed(serve->conninfo, &allowed, &serve->error);
    if (status == STATUS_OK && needed > allowed) {
        buf_printf(
            &serve->error,
            "%zu workers need %zu data base connections, but the data base allows %zu: lower --workers or "
            "--write-connections, or raise its max_connections",
            serve->options.workers, needed, allowed);
        status = STATUS_TOO_LARGE;
    }
    return status;
}

static enum status bring_up_to_date(struct serve *serve) {
    const struct migrate_options options = {
        .conninfo = serve->conninfo,
        .migrations = migrations,
        .count = migrations_count,
        .cancelled = told_to_stop,
        .context = serve,
    };
    size_t applied = 0;
    enum status status = migrate_run(&options, &applied, &serve->error);
    if (applied > 0)
        log_info("migrated", "count=%zu", applied);
    return status;
}

static enum status open_database(struct serve *serve) {
    enum status status = STATUS_OK;
    serve->conninfo = serve->options.database_url;
    if (serve->conninfo == NULL) {
        status = cluster_start(serve->cluster, &serve->error);
        serve->conninfo = cluster_conninfo(serve->cluster);
    }
    if (status == STATUS_OK)
        status = bring_up_to_date(serve);
    if (status == STATUS_OK)
        status = db_constraints_load(serve->conninfo, &serve->constraints, &serve->error);
    serve->shared.constraints = serve->constraints;
    return status != STATUS_OK ? status : check_allowance(serve);
}

/* Eight bytes each: as many clients at once as this server has room for in other ways, and more. */
#define RATE_BUCKETS ((size_t)1 << 17)

static enum status open_limiter(struct serve *serve) {
    bool any = false;
    for (unsigned class = 0; class < RATE_CLASSES; class ++)
        any = any || serve->options.rates.classes[class].on;
    return any ? rate_limiter_create(&serve->options.rates, RATE_BUCKETS, &serve->shared.limiter)
               : STATUS_OK;
}

static enum status make_ops(struct serve *serve) {
    size_t count = serve->options.workers;
    if (serve->ops_fd < 0)
        return STATUS_OK;
    serve->counted = calloc(count, sizeof serve->counted[0]);
    if (serve->counted == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        serve->counted[i] = &serve->workers[i].counted;
    const struct ops_options options = {.listen_fd = serve->ops_fd,
                                        .version = SEGRETERIA_VERSION,
                                        .shared = &serve->shared,
                                        .workers = serve->counted,
                                        .workers_count = count,
                                        .search_memory_limit = serve->options.search_memory_mib *
                                                               1024 * 1024};
    return ops_create(&options, &serve->ops);
}

static enum status start_workers(struct serve *serve) {
    struct api_shared *shared = &serve->shared;
    shared->contract = serve->contract;
    shared->lint = serve->lint;
    shared->table = serve->table;
    atomic_store(&shared->keys, &serve->keys);
    shared->spool_dir = serve->data_path;
    shared->site = (struct api_site){
        .url = serve->options.mail.public_url,
        .security_contacts = serve->options.security_contacts,
        .security_contacts_count = serve->options.security_contacts_count};
    shared->workers = (unsigned)serve->options.workers;
    enum status status = open_limiter(serve);
    if (status == STATUS_OK)
        status = helpers_create(HELPER_THREADS, HELPER_QUEUE, &shared->helpers);
    if (status == STATUS_OK)
        status = helpers_create_yielding(
            serve->options.password_threads,
            serve->options.password_threads * PASSWORD_QUEUE_PER_THREAD, &shared->password_helpers);
    const struct search_feed_options feed = {.conninfo = serve->conninfo,
                                             .helpers = shared->helpers,
                                             .memory_limit = serve->options.search_memory_mib *
                                                             1024 * 1024};
    if (status == STATUS_OK)
        status = search_feed_create(&feed, &serve->feed);
    shared->feed = serve->feed;
    serve->workers = calloc(serve->options.workers, sizeof serve->workers[0]);
    if (serve->workers == NULL)
        status = STATUS_NO_MEMORY;
    for (size_t i = 0; status == STATUS_OK && i < serve->options.workers; i++) {
        serve->workers_started = i + 1;
        status = serve_worker_start(&serve->workers[i], shared, &serve->options, serve->conninfo,
                                    serve->listen_fds[i]);
    }
    struct background_options background = {
        .conninfo = serve->conninfo,
        .helpers = shared->helpers,
        .epochs = &shared->epochs,
        .keys = &shared->keys,
        .keys_dir = serve->data_path,
        .keys_source = serve->options.master_key != NULL ? "environment"
                                                         : cluster_data_dir(serve->cluster),
        .audit_retention_days = (unsigned)serve->options.audit_retention_days,
        .export_max_mib = (unsigned)serve->options.export_max_mib,
        .counts = serve->ops_fd >= 0,
        .clamd = serve->options.clamd};
    (void)snprintf(serve->site, sizeof serve->site, "http://%s", serve->bound.data);
    mail_options_courier(&serve->options.mail, str_of(serve->site), &background.mail);
    background.mail.data_dir_fd = cluster_dir_fd(serve->cluster);
    background.mail.data_dir = cluster_data_dir(serve->cluster);
    if (status == STATUS_OK)
        status = make_ops(serve);
    if (status == STATUS_OK)
        status = search_feed_start(serve->feed);
    if (status == STATUS_OK)
        status = background_start(&background, &serve->background);
    return status == STATUS_OK && serve->ops != NULL ? ops_start(serve->ops, serve->background)
                                                     : status;
}

/* ---- run ---- */

static bool is_ready(const struct serve *serve) {
    return atomic_load(&serve->shared.ready) == serve->shared.workers;
}

/* Waits for a signal at most ms. True when told to stop. */
static bool wait_signal(struct serve *serve, int ms) {
    struct pollfd fd = {.fd = serve->signal_fd, .events = POLLIN};
    if (poll(&fd, 1, ms) <= 0)
        return false;
    return told_to_stop(serve);
}

static enum status wait_ready(struct serve *serve) {
    uint64_t until = clock_monotonic_ms() + READY_WITHIN_MS;
    while (!is_ready(serve)) {
        if (wait_signal(serve, 2))
            return STATUS_TIMEOUT;
        if (clock_monotonic_ms() >= until) {
            buf_append_text(
                &serve->error,
                "the data base could not be made ready for all statements; the log says more");
            return STATUS_UNAVAILABLE;
        }
    }
    return STATUS_OK;
}

/* After the first requests may come: on a slow machine it takes a while. */
static void measure_passwords(const struct serve *serve) {
    double ms = password_measure_ms();
    log_info("password_hashing", "algorithm=argon2id memory_mib=%zu passes=%d threads=%zu ms=%.1f",
             PASSWORD_MEMORY_BYTES >> 20, PASSWORD_PASSES, serve->options.password_threads, ms);
    if (ms > 0 && ms * PASSWORD_QUEUE_PER_THREAD > 1000.0 * PASSWORD_QUEUE_SECONDS_MAX)
        log_warn("password_hashing_slow", "note=\"a full queue takes longer than clients wait\"");
}

static void announce(const struct serve *serve) {
    (void)printf(
        "segreteria serves on http://%s  (try: curl http://%s/v1/jobs; reference: http://%s/docs)\n",
        serve->bound.data, serve->bound.data, serve->bound.data);
    if (serve->ops != NULL)
        (void)printf("for operators: http://%s/metrics\n", serve->ops_bound.data);
    (void)fflush(stdout);
}

static void run(struct serve *serve) {
    bool own = serve->options.database_url == NULL, stop = false;
    while (!stop) {
        int ms = own ? cluster_poll(serve->cluster) : 60000;
        stop = wait_signal(serve, ms);
    }
}

static void drain(struct serve *serve) {
    if (serve->workers_started > 0)
        log_info("drain", "seconds=%u", serve->options.drain_ms / 1000);
    atomic_store(&serve->shared.draining, true);
    for (size_t i = 0; i < serve->workers_started; i++)
        serve_worker_drain(&serve->workers[i]);
}

/* ---- end ---- */

static void take_apart(struct serve *serve) {
    for (size_t i = 0; i < serve->workers_started; i++)
        serve_worker_join(&serve->workers[i]);
    ops_stop(serve->ops);
    background_stop(serve->background);
    search_feed_stop(serve->feed);
    for (size_t i = 0; i < serve->workers_started; i++) /* nobody posts to them any more */
        search_port_detach(&serve->workers[i].api.search);
    ops_detach(serve->ops);
    helpers_destroy(serve->shared.password_helpers);
    helpers_destroy(serve->shared.helpers);
    background_destroy(serve->background);
    search_feed_destroy(serve->feed); /* posts to the workers' loops a last time */
    for (size_t i = 0; i < serve->workers_started; i++)
        serve_worker_destroy(&serve->workers[i]);
    ops_destroy(serve->ops);
    for (size_t i = 0; i < serve->listen_count; i++)
        (void)close(serve->listen_fds[i]);
    if (serve->ops_fd >= 0)
        (void)close(serve->ops_fd);
    free(serve->counted);
    free(serve->workers);
    free(serve->listen_fds);
    cluster_close(serve->cluster);
    db_constraints_destroy(serve->constraints);
    api_table_destroy(serve->table);
    lint_destroy(serve->lint);
    contract_destroy(serve->contract);
    rate_limiter_destroy(serve->shared.limiter);
    keys_wipe(&serve->keys);
    if (serve->signal_fd >= 0)
        (void)close(serve->signal_fd);
}

static int serve_run(struct serve *serve) {
    static enum status (*const steps[])(struct serve * serve) = {
        open_signals, open_contract, open_data, open_database, start_workers, wait_ready};
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < sizeof steps / sizeof steps[0]; i++)
        status = i > 0 && told_to_stop(serve) ? STATUS_TIMEOUT : steps[i](serve);
    if (status == STATUS_OK) {
        announce(serve);
        measure_passwords(serve);
        run(serve);
    }
    drain(serve);
    take_apart(serve);
    if (status == STATUS_OK || serve->told)
        return 0;
    (void)fprintf(stderr, "segreteria: %s\n",
                  serve->error.len > 0 ? serve->error.data : status_name(status));
    return 1;
}

int cli_serve(int argc, char **argv) {
    struct serve serve = {.signal_fd = -1, .ops_fd = -1};
    buf_init(&serve.error, 8192);
    buf_init(&serve.bound, 512);
    buf_init(&serve.ops_bound, 512);
    int parsed = serve_options_parse(argc, argv, &serve.options);
    if (parsed != 0) {
        mail_options_deinit(&serve.options.mail);
        return parsed - 1;
    }
    log_set_level(serve.options.log_level);
    if (sodium_init() < 0) {
        (void)fprintf(stderr, "segreteria: libsodium cannot be initialised\n");
        return 1;
    }
    raise_file_limit();
    keep_memory();
    int status = serve_run(&serve);
    mail_options_deinit(&serve.options.mail);
    buf_deinit(&serve.error);
    buf_deinit(&serve.bound);
    buf_deinit(&serve.ops_bound);
    return status;
}
