/* The exporter's thread: takes, makes, and says how it went. */
#include "exporter.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export_job.h"
#include "generated/statements.h"
#include "segreteria/core/log.h"

struct exporter {
    struct exporter_options options;
    pthread_t thread;
    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t changed;
    bool wanted, stopping;
    struct db_session *open[EXPORTER_CONNECTIONS]; /* to be broken off by exporter_stop */
};

enum status export_sql(struct db_session *session, const struct db_statement *statement,
                       const struct export_value *values, size_t count, struct buf *error) {
    const char *params[DB_PARAMS_MAX];
    for (size_t i = 0; i < statement->params_count; i++) {
        size_t at = 0;
        while (at < count && strcmp(values[at].name, statement->params[i]) != 0)
            at++;
        if (at == count)
            return STATUS_INTERNAL;
        params[i] = values[at].value;
    }
    return db_session_run(session, statement->sql, params, statement->params_count, error);
}

/* ---- connections ---- */

/* Where the process ends meanwhile, nothing is opened. */
static enum status open_session(struct exporter *exporter, size_t slot, struct db_session **out,
                                struct buf *error) {
    enum status status = db_session_open(exporter->options.conninfo, "segreteria export", out,
                                         error);
    if (status == STATUS_OK)
        status = db_session_run(*out, "set statement_timeout = '30s'", NULL, 0, error);
    (void)pthread_mutex_lock(&exporter->mutex);
    if (status == STATUS_OK && exporter->stopping)
        status = STATUS_UNAVAILABLE;
    if (status == STATUS_OK)
        exporter->open[slot] = *out;
    (void)pthread_mutex_unlock(&exporter->mutex);
    return status;
}

static void close_session(struct exporter *exporter, size_t slot, struct db_session *session) {
    (void)pthread_mutex_lock(&exporter->mutex);
    exporter->open[slot] = NULL;
    (void)pthread_mutex_unlock(&exporter->mutex);
    db_session_close(session);
}

/* ---- one export ---- */

static enum status whose(struct export_job *job, char kind[16]) {
    const struct export_value values[] = {{"account", job->account}};
    enum status status = export_sql(job->reader, &stmt_background_export_about, values, 1,
                                    job->error);
    if (status == STATUS_OK && db_session_rows(job->reader) == 0)
        return STATUS_NOT_FOUND; /* deleted meanwhile, and the export with it */
    if (status == STATUS_OK)
        (void)snprintf(kind, 16, "%.*s", STR_FMT(db_session_value(job->reader, 0, "kind")));
    return status;
}

static enum status make(struct export_job *job) {
    struct export_file *file = NULL;
    char kind[16];
    enum status status = db_session_run(
        job->reader, "begin isolation level repeatable read read only", NULL, 0, job->error);
    if (status == STATUS_OK)
        status = whose(job, kind);
    if (status == STATUS_OK)
        status = export_file_open(job, &file);
    if (status == STATUS_OK)
        status = export_source_write(job, file);
    if (status == STATUS_OK)
        status = export_file_finish(file, kind);
    export_file_close(file);
    return status;
}

static void report(struct export_job *job, enum status status) {
    const struct export_value values[] = {
        {"export", job->id},
        {"lease", job->lease},
        {"for_good", status == STATUS_TOO_LARGE ? "true" : "false"}}; /* it would be again */
    struct log_quoted quoted;
    if (status == STATUS_OK) {
        log_info("export_made", "export=%s", job->id);
        return;
    }
    log_warn("export_broken_off", "export=%s status=%s why=%s", job->id, status_name(status),
             log_quote(&quoted, buf_str(job->error)));
    buf_clear(job->error);
    /* Where that fails, too, the lease ends by itself. */
    if (export_sql(job->writer, &stmt_background_export_fail, values, 3, job->error) != STATUS_OK)
        log_warn("export_left", "export=%s", job->id);
}

/* False: nothing waits, or not now. */
static bool make_next(struct exporter *exporter, struct db_session *writer, struct buf *error) {
    struct export_job job = {
        .writer = writer, .error = error, .max_mib = exporter->options.max_mib};
    const struct uuid lease = uuid_v7();
    uuid_format(&lease, job.lease);
    const struct export_value values[] = {{"lease", job.lease}};
    enum status status = export_sql(writer, &stmt_background_export_take, values, 1, error);
    if (status != STATUS_OK || db_session_rows(writer) == 0)
        return false;
    (void)snprintf(job.id, sizeof job.id, "%.*s", STR_FMT(db_session_value(writer, 0, "id")));
    (void)snprintf(job.account, sizeof job.account, "%.*s",
                   STR_FMT(db_session_value(writer, 0, "account_id")));
    job.keys = atomic_load(exporter->options.keys);
    status = open_session(exporter, 1, &job.reader, error);
    if (status == STATUS_OK)
        status = make(&job);
    close_session(exporter, 1, job.reader);
    report(&job, status);
    return status == STATUS_OK || status == STATUS_NOT_FOUND;
}

static void work(struct exporter *exporter) {
    struct db_session *writer = NULL;
    struct log_quoted quoted;
    struct buf error;
    buf_init(&error, 4096);
    if (open_session(exporter, 0, &writer, &error) == STATUS_OK)
        while (make_next(exporter, writer, &error))
            buf_clear(&error);
    else
        log_warn("export_no_connection", "why=%s", log_quote(&quoted, buf_str(&error)));
    close_session(exporter, 0, writer);
    buf_deinit(&error);
}

/* ---- life ---- */

static void *thread_main(void *context) {
    struct exporter *exporter = context;
    (void)pthread_mutex_lock(&exporter->mutex);
    while (!exporter->stopping) {
        if (!exporter->wanted) {
            (void)pthread_cond_wait(&exporter->changed, &exporter->mutex);
            continue;
        }
        exporter->wanted = false;
        (void)pthread_mutex_unlock(&exporter->mutex);
        work(exporter);
        (void)pthread_mutex_lock(&exporter->mutex);
    }
    (void)pthread_mutex_unlock(&exporter->mutex);
    return NULL;
}

enum status exporter_start(const struct exporter_options *options, struct exporter **out) {
    struct exporter *exporter = calloc(1, sizeof *exporter);
    if (exporter == NULL)
        return STATUS_NO_MEMORY;
    exporter->options = *options;
    (void)pthread_mutex_init(&exporter->mutex, NULL);
    (void)pthread_cond_init(&exporter->changed, NULL);
    if (pthread_create(&exporter->thread, NULL, thread_main, exporter) != 0) {
        free(exporter);
        return STATUS_NO_MEMORY;
    }
    *out = exporter;
    return STATUS_OK;
}

void exporter_wake(struct exporter *exporter) {
    (void)pthread_mutex_lock(&exporter->mutex);
    exporter->wanted = true;
    (void)pthread_cond_signal(&exporter->changed);
    (void)pthread_mutex_unlock(&exporter->mutex);
}

void exporter_stop(struct exporter *exporter) {
    if (exporter == NULL)
        return;
    (void)pthread_mutex_lock(&exporter->mutex);
    exporter->stopping = true;
    for (size_t i = 0; i < EXPORTER_CONNECTIONS; i++)
        db_session_break(exporter->open[i]);
    (void)pthread_cond_signal(&exporter->changed);
    (void)pthread_mutex_unlock(&exporter->mutex);
    (void)pthread_join(exporter->thread, NULL);
    (void)pthread_cond_destroy(&exporter->changed);
    (void)pthread_mutex_destroy(&exporter->mutex);
    free(exporter);
}
