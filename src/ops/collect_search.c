/* Metrics of the search index and of the background chores. */
#include <stdio.h>

#include "exposition.h"
#include "ops_private.h"
#include "segreteria/core/clock.h"

static void gauge(struct exposition *exposition, const char *name, const char *help,
                  uint64_t value) {
    exposition_family(exposition, name, METRIC_GAUGE, help);
    exposition_count(exposition, "", value);
}

static void total(struct exposition *exposition, const char *name, const char *help,
                  uint64_t value) {
    exposition_family(exposition, name, METRIC_COUNTER, help);
    exposition_count(exposition, "", value);
}

static void collect_index(const struct search_feed_stats *stats, struct exposition *exposition) {
    gauge(exposition, "segreteria_search_ready", "1: the index is loaded and in step.",
          stats->ready);
    gauge(exposition, "segreteria_search_live", "1: the log of changes was read a moment ago.",
          stats->live);
    gauge(exposition, "segreteria_search_over_limit",
          "1: the vacancies do not fit into the memory the index may take.", stats->over_limit);
    gauge(exposition, "segreteria_search_vacancies", "Vacancies in the index.",
          stats->index.documents);
    gauge(exposition, "segreteria_search_removed",
          "Vacancies that are gone and still take room until the next merge.",
          stats->index.removed);
    gauge(exposition, "segreteria_search_segments", "Segments of the index.",
          stats->index.segments);
    gauge(exposition, "segreteria_search_index_bytes", "Memory of the index.", stats->index.bytes);
    total(exposition, "segreteria_search_changes_applied", "Changes put into the index.",
          stats->index.changes);
    total(exposition, "segreteria_search_merges", "Merges of segments.", stats->index.merges);
}

static void collect_feed(const struct search_feed_stats *stats, struct exposition *exposition) {
    uint64_t now_ms = clock_monotonic_ms();
    total(exposition, "segreteria_search_changes_read", "Rows of the log of changes read.",
          stats->changes);
    total(exposition, "segreteria_search_loads", "Times that all vacancies were loaded.",
          stats->loads);
    exposition_family(exposition, "segreteria_search_load_seconds", METRIC_GAUGE,
                      "What the last load took.");
    exposition_us(exposition, "", stats->load_ms * 1000);
    if (stats->read_ms > 0) {
        exposition_family(exposition, "segreteria_search_reading_age_seconds", METRIC_GAUGE,
                          "Time since the log of changes was last read to its end.");
        exposition_us(exposition, "",
                      now_ms > stats->read_ms ? (now_ms - stats->read_ms) * 1000 : 0);
    }
    exposition_family(exposition, "segreteria_search_apply_seconds", METRIC_GAUGE,
                      "What the last reading that brought changes took, until searches show them.");
    exposition_us(exposition, "", stats->lag_us);
}

void collect_search(const struct ops *ops, struct exposition *exposition) {
    struct search_feed_stats stats;
    uint64_t by_index = 0, by_postgresql = 0;
    search_feed_stats(ops->options.shared->feed, &stats);
    for (size_t i = 0; i < ops->options.workers_count; i++) {
        by_index += counter_read(&ops->options.workers[i]->api->searches_by_index);
        by_postgresql += counter_read(&ops->options.workers[i]->api->searches_by_postgresql);
    }
    exposition_family(exposition, "segreteria_searches", METRIC_COUNTER,
                      "Searches for vacancies, by what answered.");
    exposition_count(exposition, "by=\"index\"", by_index);
    exposition_count(exposition, "by=\"postgresql\"", by_postgresql);
    collect_index(&stats, exposition);
    gauge(exposition, "segreteria_search_memory_limit_bytes", "What the index may take; 0: none.",
          ops->options.search_memory_limit);
    collect_feed(&stats, exposition);
}

/* ---- chores ---- */

static void chore_family(const struct background_metrics *metrics, struct exposition *exposition,
                         const char *name, enum metric_type type, const char *help, size_t at) {
    char labels[96];
    exposition_family(exposition, name, type, help);
    for (size_t i = 0; i < metrics->chores_count; i++) {
        const char *chore = (const char *)&metrics->chores[i];
        (void)snprintf(labels, sizeof labels, "chore=\"%s\"", metrics->chores[i].name);
        exposition_count(exposition, labels,
                         counter_read((const struct counter *)(const void *)(chore + at)));
    }
}

void collect_background(const struct ops *ops, struct exposition *exposition) {
    const struct background_metrics *metrics = background_metrics(ops->options.background);
    chore_family(metrics, exposition, "segreteria_chore_runs", METRIC_COUNTER,
                 "Times that a background chore was done.",
                 offsetof(struct background_chore_metrics, runs));
    chore_family(metrics, exposition, "segreteria_chore_failures", METRIC_COUNTER,
                 "Times that it failed.", offsetof(struct background_chore_metrics, failures));
    chore_family(metrics, exposition, "segreteria_chore_rows", METRIC_COUNTER, "Rows it changed.",
                 offsetof(struct background_chore_metrics, rows));
    chore_family(metrics, exposition, "segreteria_chore_last_success_timestamp_seconds",
                 METRIC_GAUGE, "When it was last done well; 0: not since the start.",
                 offsetof(struct background_chore_metrics, last_unix));
    gauge(exposition, "segreteria_tables_counted_timestamp_seconds",
          "When the numbers of messages were taken; 0: not yet.",
          counter_read(&metrics->counted_unix));
    gauge(exposition, "segreteria_mail_waiting", "Messages not sent yet, of all instances.",
          counter_read(&metrics->mail_waiting));
    gauge(exposition, "segreteria_mail_overdue_seconds", "How long the oldest of them is overdue.",
          counter_read(&metrics->mail_late_s));
    gauge(exposition, "segreteria_mail_dead",
          "Messages given up, for an operator to decide: segreteria mail.",
          counter_read(&metrics->mail_dead));
}
