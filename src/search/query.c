/* A query from start to end: for each part of the version what matches and what the filters let
 * through, then the counts, the page and the facets. All work is on bits of one segment at a time,
 * at most 32 KiB a row, so it stays in the processor's caches.
 */
#include "run.h"

/* For facets: what matches, of which what is in base is taken away later. */
static enum status begin_gone(struct run *run, struct view *view) {
    const struct search_segment *segment = view->segment;
    if (run->query->facets_count == 0)
        return STATUS_OK;
    view->gone = scratch_array(run->scratch, segment->words, sizeof *view->gone);
    if (view->gone == NULL)
        return STATUS_NO_MEMORY;
    if (view->text != NULL)
        memcpy(view->gone, view->text, segment->words * sizeof *view->gone);
    else
        bits_fill(view->gone, segment->docs, segment->words);
    return STATUS_OK;
}

/* What is counted several times, each time without another filter, begins with this row. */
static enum status make_base(struct run *run, struct view *view, const struct live *live) {
    const struct search_segment *segment = view->segment;
    enum status status = begin_gone(run, view);
    view->base = scratch_array(run->scratch, segment->words, sizeof *view->base);
    if (status != STATUS_OK || view->base == NULL)
        return STATUS_NO_MEMORY;
    const uint64_t *text = view->text != NULL ? view->text : live->bits;
    bits_set_and(view->base, text, live->bits, segment->words);
    (void)segment_drop_expired(segment, run->query->today, view->base);
    if (view->gone != NULL)
        bits_andnot(view->gone, view->base, segment->words);
    return STATUS_OK;
}

static enum status begin_text(struct run *run, struct view *view) {
    const struct search_segment *segment = view->segment;
    if (run->phrases_count > 0) {
        size_t size = run->phrases_count * sizeof *view->phrases;
        view->phrases = scratch_array(run->scratch, run->phrases_count, sizeof *view->phrases);
        if (view->phrases == NULL)
            return STATUS_NO_MEMORY;
        memset(view->phrases, 0, size);
    }
    uint64_t *room = scratch_array(run->scratch, segment->words, sizeof *room);
    if (room == NULL)
        return STATUS_NO_MEMORY;
    enum status status = match_text(run, view, TIERS, room, &view->text);
    if (status != STATUS_OK || view->text != NULL)
        return status;
    memset(room, 0, segment->words * sizeof *room);
    view->nothing = true;
    view->base = room;
    view->hits = room;
    return STATUS_OK;
}

static enum status begin_view(struct run *run, struct view *view, const struct part *part) {
    const struct search_query *query = run->query;
    *view = (struct view){.segment = part->segment, .live = part->live->bits};
    enum status status = STATUS_OK;
    if (query->has_text)
        status = begin_text(run, view);
    if (status != STATUS_OK || view->nothing)
        return status;
    if (view->text != NULL && part->live->count == part->segment->docs)
        view->live = NULL;
    if (query->facets_count > 0 || query->salary.set)
        status = make_base(run, view, part->live);
    if (status == STATUS_OK)
        status = filter_view(run, view);
    return status == STATUS_OK ? few_of_row(run, view) : status;
}

static void note_filters(struct run *run) {
    const struct search_query *query = run->query;
    for (unsigned field = 0; field < SEARCH_FIELDS; field++)
        run->filtered[field] = query->fields[field].count > 0;
    run->filtered[FILTER_SALARY] = query->salary.set;
    run->filtered[FILTER_PUBLISHED] = query->has_published_since;
    run->filtered[FILTER_LANGUAGES] = query->languages_count > 0;
    run->filtered[FILTER_OFFICE_DAYS] = query->office_days_max >= 0;
    run->filtered[FILTER_PLACE] = query->place.set && query->place.within;
}

static enum status begin(struct run *run) {
    const struct search_version *version = run->version;
    size_t longest = BITS_STRIDE;
    for (size_t i = 0; i < version->parts_count; i++)
        if (version->parts[i].segment->words > longest)
            longest = version->parts[i].segment->words;
    for (unsigned i = 0; i < 3; i++) {
        run->room[i] = scratch_array(run->scratch, longest, sizeof *run->room[i]);
        if (run->room[i] == NULL)
            return STATUS_NO_MEMORY;
    }
    run->positions = scratch_array(run->scratch,
                                   (size_t)STEPS_OF_SEQUENCE_MAX * CODE_POSITIONS_COUNT_MAX,
                                   sizeof *run->positions);
    run->views = scratch_array(run->scratch, version->parts_count, sizeof *run->views);
    if (run->positions == NULL || run->views == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < version->parts_count; i++) {
        enum status status = begin_view(run, &run->views[i], &version->parts[i]);
        if (status != STATUS_OK)
            return status;
        run->views_count++;
    }
    return STATUS_OK;
}

/* Totals, and what the salary filter kept out because there was nothing to compare. */
static void count(struct run *run, struct search_result *result) {
    for (size_t i = 0; i < run->views_count; i++) {
        const struct view *view = &run->views[i];
        const struct search_segment *segment = view->segment;
        if (view->nothing)
            continue;
        result->total += view->hits_count;
        if (!run->query->salary.set)
            continue;
        uint32_t all = filter_all_but(view, UINT32_C(1) << FILTER_SALARY, run->room[0]);
        uint32_t told = list_count_and(segment, segment->values[VALUE_CURRENCY].some, run->room[0]);
        filter_currencies(run, view, run->room[1]);
        uint32_t compared = bits_count_and(run->room[0], run->room[1], segment->words);
        result->not_compared_currency += told - compared;
        if (!run->query->salary.include_undisclosed)
            result->not_compared_undisclosed += all - told;
    }
}

enum status search_query_run(const struct search_version *version, const struct search_query *query,
                             struct search_scratch *scratch, struct arena *arena,
                             struct search_result *out) {
    struct run run = {.version = version, .query = query, .scratch = scratch, .arena = arena};
    struct search_result result = {0};
    enum status status = query_check(query, &run.sequences_count, &run.phrases_count);
    if (status != STATUS_OK)
        return status;
    scratch_reset(scratch);
    note_filters(&run);
    status = begin(&run);
    if (status != STATUS_OK)
        return status;
    count(&run, &result);
    status = page_fill(&run, &result);
    if (status == STATUS_OK && query->facets_count > 0)
        status = facets_fill(&run, &result);
    if (status == STATUS_OK)
        *out = result;
    return status;
}
