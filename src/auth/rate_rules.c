/* The rules of rate limits: defaults and their text form. */
#include "segreteria/auth/rate.h"

#define FILL_MAX_S 86400u

/* A front end's server reads for all its visitors from one address; a nightly synchronisation
 * writes 10,000 vacancies in one go. */
void rate_rules_default(struct rate_rules *out) {
    *out = (struct rate_rules){.classes = {
                                   [RATE_READ] = {true, 12000, 60, 4000},
                                   [RATE_WRITE] = {true, 1200, 60, 12000},
                                   [RATE_SIGN_IN] = {true, 60, 60, 120},
                                   [RATE_UPLOAD] = {true, 120, 60, 120},
                                   [RATE_EXPORT] = {true, 60, 60, 60},
                               }};
}

static bool read_count(struct str text, uint32_t *out) {
    uint64_t value = 0;
    if (str_to_u64(text, 1000000000, &value) != STATUS_OK || value == 0)
        return false;
    *out = (uint32_t)value;
    return true;
}

static bool read_period(struct str text, uint32_t *out) {
    static const struct {
        struct str name;
        uint32_t seconds;
    } periods[] = {{STR_INIT("second"), 1},
                   {STR_INIT("minute"), 60},
                   {STR_INIT("hour"), 3600},
                   {STR_INIT("day"), 86400}};
    for (size_t i = 0; i < sizeof periods / sizeof periods[0]; i++)
        if (str_eq(text, periods[i].name)) {
            *out = periods[i].seconds;
            return true;
        }
    return false;
}

static bool read_rule(struct str text, struct rate_rule *out) {
    struct rate_rule rule = {.on = true};
    struct str burst = text, average, count;
    if (str_eq(text, STR("off"))) {
        *out = (struct rate_rule){0};
        return true;
    }
    if (!str_split(&burst, ',', &average))
        return false;
    struct str period = average;
    if (!str_split(&period, '/', &count) || !read_count(count, &rule.count) ||
        str_is_none(period) || !read_period(period, &rule.period_s) ||
        !read_count(str_is_none(burst) ? count : burst, &rule.burst) ||
        (uint64_t)rule.burst * rule.period_s > (uint64_t)FILL_MAX_S * rule.count)
        return false;
    *out = rule;
    return true;
}

enum status rate_rules_parse(struct str text, struct rate_rules *out) {
    struct str rule = text, name;
    enum rate_class class;
    if (str_eq(text, STR("off"))) {
        *out = (struct rate_rules){0};
        return STATUS_OK;
    }
    if (!str_split(&rule, '=', &name) || str_is_none(rule) ||
        contract_rate_class_parse(name, &class) != STATUS_OK || class == RATE_NONE ||
        !read_rule(rule, &out->classes[class]))
        return STATUS_INVALID;
    return STATUS_OK;
}
