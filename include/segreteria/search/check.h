/* Comparing what a server's index holds with what PostgreSQL says it should, for the command line.
 * Blocking, on connections of its own. */
#ifndef SEGRETERIA_SEARCH_CHECK_H
#define SEGRETERIA_SEARCH_CHECK_H

#include "segreteria/core/buf.h"
#include "segreteria/core/status.h"
#include "segreteria/search/digest.h"

enum search_fault {
    SEARCH_MISSING,  /* should be there */
    SEARCH_EXTRA,    /* should not be there */
    SEARCH_DIFFERENT /* is there, but not as it should be */
};
#define SEARCH_FAULTS 3

struct search_faults {
    struct {
        struct uuid *ids; /* in order; malloc'ed */
        size_t count, capacity;
    } kinds[SEARCH_FAULTS];
};
void search_faults_clear(struct search_faults *faults);
size_t search_faults_count(const struct search_faults *faults);
/* Leaves those that are in both. */
void search_faults_keep_common(struct search_faults *faults, const struct search_faults *others);

/* The rows of job_search that are not what their vacancies ask for. texts: every column is made
 * anew, some milliseconds a vacancy; else those that cost little. */
NODISCARD enum status search_check_rows(const char *conninfo, bool texts,
                                        struct search_faults *out);

/* What a server said of its index (GET /search/state of the operators' listener). */
struct search_state {
    struct str server, snapshot; /* borrowed from the text */
    const uint8_t *entries;      /* 24 bytes each: id, digest with its least byte first */
    size_t count;
};
/* INVALID: it is none. */
NODISCARD enum status search_state_parse(struct str text, struct search_state *out);

struct search_check_totals {
    size_t table;     /* rows of job_search */
    size_t in_flight; /* changed since the state was taken: not compared */
};
/* Compares the state with job_search as it is now. MISMATCH: that server follows another data base;
 * NOT_FOUND: its state is older than what the log of changes tells. */
NODISCARD enum status search_check_state(const char *conninfo, const struct search_state *state,
                                         struct search_faults *out,
                                         struct search_check_totals *totals);

#endif
