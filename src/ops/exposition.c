/* Both formats differ in the names of counters' families and in the last line. */
#include "exposition.h"

#include <inttypes.h>
#include <stdio.h>

void exposition_family(struct exposition *exposition, const char *name, enum metric_type type,
                       const char *help) {
    static const char *const types[] = {"gauge", "counter", "histogram"};
    const char *suffix = type == METRIC_COUNTER && !exposition->open_metrics ? "_total" : "";
    exposition->family = name;
    exposition->type = type;
    buf_printf(exposition->out, "# HELP %s%s %s\n# TYPE %s%s %s\n", name, suffix, help, name,
               suffix, types[type]);
}

static void begin_sample(struct exposition *exposition, const char *labels) {
    const char *suffix = exposition->type == METRIC_COUNTER ? "_total" : "";
    bool any = labels[0] != '\0';
    buf_printf(exposition->out, "%s%s%s%s%s ", exposition->family, suffix, any ? "{" : "", labels,
               any ? "}" : "");
}

void exposition_count(struct exposition *exposition, const char *labels, uint64_t value) {
    begin_sample(exposition, labels);
    buf_printf(exposition->out, "%" PRIu64 "\n", value);
}

void exposition_real(struct exposition *exposition, const char *labels, double value) {
    begin_sample(exposition, labels);
    buf_printf(exposition->out, "%.6f\n", value);
}

/* In whole numbers: a sum of years keeps its microseconds. */
static void append_us(struct buf *out, uint64_t us) {
    buf_printf(out, "%" PRIu64 ".%06" PRIu64 "\n", us / 1000000, us % 1000000);
}

void exposition_us(struct exposition *exposition, const char *labels, uint64_t us) {
    begin_sample(exposition, labels);
    append_us(exposition->out, us);
}

/* The shortest form with a point, as the format asks of `le`: "0.0005", "1.0". */
static void append_bound(struct buf *out, uint64_t us) {
    char digits[32];
    int len = snprintf(digits, sizeof digits, "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
    while (len > 1 && digits[len - 1] == '0' && digits[len - 2] != '.')
        len--;
    if (len > 0)
        buf_append(out, str_from(digits, (size_t)len));
}

void exposition_histogram(struct exposition *exposition, const char *labels, const uint64_t *bounds,
                          const uint64_t *counts, size_t bounds_count, uint64_t sum_us) {
    struct buf *out = exposition->out;
    uint64_t below = 0;
    for (size_t i = 0; i <= bounds_count; i++) {
        below += counts[i];
        buf_printf(out, "%s_bucket{%s,le=\"", exposition->family, labels);
        if (i < bounds_count)
            append_bound(out, bounds[i]);
        else
            buf_append_text(out, "+Inf");
        buf_printf(out, "\"} %" PRIu64 "\n", below);
    }
    buf_printf(out, "%s_sum{%s} ", exposition->family, labels);
    append_us(out, sum_us);
    buf_printf(out, "%s_count{%s} %" PRIu64 "\n", exposition->family, labels, below);
}

void exposition_end(struct exposition *exposition) {
    if (exposition->open_metrics)
        buf_append_text(exposition->out, "# EOF\n");
}
