/* The page of a query. Newest first is a walk from the end of each segment, the newest of all heads
 * next; relevance is such a walk tier by tier; salary and distance go through all hits and keep the
 * first of them in a heap.
 */
#include "run.h"

/* ---- walks by publication ---- */

/* The first vacancy of the segment that is not before the key: what comes after the key in the
 * order (older) is below it. */
static uint32_t lower_bound(const struct search_segment *segment, int64_t published,
                            const struct uuid *id) {
    uint32_t low = 0, high = segment->docs;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (segment_compare(segment, middle, published, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void take(struct run *run, struct search_result *result, const struct view *view,
                 uint32_t doc, int64_t key) {
    const struct search_segment *segment = view->segment;
    int64_t distance = -1;
    if (run->query->place.set && view->distances != NULL) {
        distance = place_distance(run, view, doc);
        if (distance == SEARCH_KEY_NO_PLACE)
            distance = -1;
    }
    result->hits[result->hits_count++] = (struct search_hit){
        .id = segment->ids[doc],
        .stamp = {segment->serial, doc},
        .published_at_us = segment->published[doc],
        .key = key,
        .distance_m = distance};
}

/* Where the walk is in a view. */
struct head {
    int64_t doc;   /* -1: at its end */
    uint32_t left; /* of the few hits */
};

/* The newest of the page below `below`; key: the tier, 0 any. */
static void head_next(struct head *head, const struct view *view, int64_t key, int64_t below) {
    head->doc = -1;
    if (view->few == NULL) {
        if (view->page != NULL)
            head->doc = bits_previous(view->page, below);
        return;
    }
    while (head->doc < 0 && head->left > 0) {
        uint32_t i = --head->left;
        if (view->few[i] < below && (key == 0 || view->few_tiers[i] == key))
            head->doc = view->few[i];
    }
}

static size_t newest_of(const struct run *run, const struct head *heads) {
    size_t newest = SIZE_MAX;
    for (size_t i = 0; i < run->views_count; i++) {
        if (heads[i].doc < 0)
            continue;
        const struct search_segment *own = run->views[i].segment;
        if (newest == SIZE_MAX ||
            segment_compare(run->views[newest].segment, (uint32_t)heads[newest].doc,
                            own->published[heads[i].doc], &own->ids[heads[i].doc]) < 0)
            newest = i;
    }
    return newest;
}

/* The newest of each view's page, or of its few, after the cursor when `bounded`, until the page is
 * full. */
static enum status walk(struct run *run, struct search_result *result, int64_t key, bool bounded) {
    const struct search_after *after = &run->query->after;
    struct head *heads = scratch_array(run->scratch, run->views_count, sizeof *heads);
    if (heads == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < run->views_count; i++) {
        const struct search_segment *segment = run->views[i].segment;
        int64_t end = segment->docs;
        if (bounded)
            end = lower_bound(segment, after->published_at_us, &after->id);
        heads[i].left = run->views[i].hits_count;
        head_next(&heads[i], &run->views[i], key, end);
    }
    for (;;) {
        size_t newest = newest_of(run, heads);
        if (newest == SIZE_MAX)
            return STATUS_OK;
        if (result->hits_count == run->query->limit) {
            result->more = true;
            return STATUS_OK;
        }
        struct head *head = &heads[newest];
        take(run, result, &run->views[newest], (uint32_t)head->doc, key);
        head_next(head, &run->views[newest], key, head->doc);
    }
}

static enum status page_recent(struct run *run, struct search_result *result) {
    for (size_t i = 0; i < run->views_count; i++)
        run->views[i].page = run->views[i].nothing ? NULL : run->views[i].hits;
    return walk(run, result, 0, run->query->after.set);
}

/* ---- tiers ---- */

/* The hits of exactly this tier into view->page; view->ranked has those of better ones, then these,
 * too. `skipped`: the next tier has these, too. */
static enum status next_tier(struct run *run, struct view *view, unsigned tier, bool skipped,
                             uint64_t *room) {
    const uint64_t *match = view->hits;
    view->page = NULL;
    if (view->nothing)
        return STATUS_OK;
    if (view->few != NULL) {
        few_rank(run, view, tier);
        return STATUS_OK;
    }
    if (skipped)
        return STATUS_OK;
    if (tier < TIERS && run->query->has_text) {
        enum status status = match_text(run, view, tier, room, &match);
        if (status != STATUS_OK || match == NULL)
            return status;
    }
    if (bits_take(room, view->ranked, match, view->hits, view->segment->words) > 0)
        view->page = room;
    return STATUS_OK;
}

/* Room for the tiers of the view's hits, or, when they are few, each one's tier. */
static enum status begin_tiers(struct run *run, struct view *view, uint64_t **room) {
    size_t words = view->segment->words;
    *room = NULL;
    if (view->nothing || view->few != NULL)
        return view->nothing ? STATUS_OK : few_begin(run, view);
    *room = scratch_array(run->scratch, words, sizeof **room);
    view->ranked = scratch_array(run->scratch, words, sizeof *view->ranked);
    if (*room == NULL || view->ranked == NULL)
        return STATUS_NO_MEMORY;
    memset(view->ranked, 0, words * sizeof *view->ranked);
    return STATUS_OK;
}

static enum status page_relevance(struct run *run, struct search_result *result) {
    const struct search_after *after = &run->query->after;
    uint64_t **rooms = scratch_array(run->scratch, run->views_count, sizeof *rooms);
    if (rooms == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < run->views_count; i++) {
        enum status status = begin_tiers(run, &run->views[i], &rooms[i]);
        if (status != STATUS_OK)
            return status;
    }
    for (unsigned tier = 1; tier <= TIERS && !result->more; tier++) {
        /* The tier before the cursor's has those of all better ones, too. */
        bool skipped = after->set && tier + 1 < after->key;
        for (size_t i = 0; i < run->views_count; i++) {
            enum status status = next_tier(run, &run->views[i], tier, skipped, rooms[i]);
            if (status != STATUS_OK)
                return status;
        }
        if (after->set && tier < after->key)
            continue;
        enum status status = walk(run, result, tier, after->set && after->key == tier);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* ---- heaps ---- */

struct candidate {
    int64_t rank; /* the less, the earlier */
    int64_t published;
    const struct view *view;
    uint32_t doc;
};

static const struct uuid *candidate_id(const struct candidate *candidate) {
    return &candidate->view->segment->ids[candidate->doc];
}

/* Whether a comes before b in the page. */
static bool before(const struct candidate *a, const struct candidate *b) {
    if (a->rank != b->rank)
        return a->rank < b->rank;
    if (a->published != b->published)
        return a->published > b->published;
    return memcmp(candidate_id(a)->bytes, candidate_id(b)->bytes, sizeof(struct uuid)) > 0;
}

struct heap {
    struct candidate *items; /* the last of the page on top */
    size_t count, max;
};

static void sift_down(struct heap *heap, size_t at) {
    for (;;) {
        size_t last = at, left = at * 2 + 1;
        if (left < heap->count && before(&heap->items[last], &heap->items[left]))
            last = left;
        if (left + 1 < heap->count && before(&heap->items[last], &heap->items[left + 1]))
            last = left + 1;
        if (last == at)
            return;
        struct candidate swap = heap->items[at];
        heap->items[at] = heap->items[last];
        heap->items[last] = swap;
        at = last;
    }
}

static void offer(struct heap *heap, const struct candidate *candidate) {
    if (heap->count == heap->max) {
        if (!before(candidate, &heap->items[0]))
            return;
        heap->items[0] = *candidate;
        sift_down(heap, 0);
        return;
    }
    size_t at = heap->count++;
    heap->items[at] = *candidate;
    while (at > 0 && before(&heap->items[(at - 1) / 2], &heap->items[at])) {
        struct candidate swap = heap->items[at];
        heap->items[at] = heap->items[(at - 1) / 2];
        heap->items[(at - 1) / 2] = swap;
        at = (at - 1) / 2;
    }
}

/* Whether it comes after the cursor. */
static bool past(const struct search_query *query, int64_t after_rank,
                 const struct candidate *candidate) {
    const struct search_after *after = &query->after;
    if (!after->set || candidate->rank != after_rank)
        return !after->set || candidate->rank > after_rank;
    if (candidate->published != after->published_at_us)
        return candidate->published < after->published_at_us;
    return memcmp(candidate_id(candidate)->bytes, after->id.bytes, sizeof after->id.bytes) < 0;
}

/* Highest pay first: the order of the negative. */
static int64_t rank_of(const struct run *run, const struct view *view, uint32_t doc) {
    if (run->query->sort == SEARCH_BY_DISTANCE)
        return place_distance(run, view, doc);
    return bits_get(view->page, doc) ? -view->segment->salary_high[doc] : -SEARCH_KEY_NO_SALARY;
}

static void gather(struct run *run, const struct view *view, struct heap *heap) {
    bool distance = run->query->sort == SEARCH_BY_DISTANCE;
    int64_t after_rank = distance ? run->query->after.key : -run->query->after.key;
    for (size_t word = 0; word < view->segment->words; word++)
        for (uint64_t w = view->hits[word]; w != 0; w &= w - 1) {
            uint32_t doc = (uint32_t)(word * 64) + (uint32_t)__builtin_ctzll(w);
            struct candidate candidate = {.rank = rank_of(run, view, doc),
                                          .published = view->segment->published[doc],
                                          .view = view,
                                          .doc = doc};
            if (heap->count == heap->max && candidate.rank > heap->items[0].rank)
                continue;
            if (past(run->query, after_rank, &candidate))
                offer(heap, &candidate);
        }
}

static enum status page_heap(struct run *run, struct search_result *result) {
    struct heap heap = {.max = (size_t)run->query->limit + 1};
    heap.items = scratch_array(run->scratch, heap.max, sizeof *heap.items);
    if (heap.items == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < run->views_count; i++) {
        struct view *view = &run->views[i];
        if (run->query->sort == SEARCH_BY_SALARY) { /* whose pay is compared */
            uint64_t *paid = scratch_array(run->scratch, view->segment->words, sizeof *paid);
            if (paid == NULL)
                return STATUS_NO_MEMORY;
            filter_currencies(run, view, paid);
            view->page = paid;
        }
        gather(run, view, &heap);
    }
    result->more = heap.count > run->query->limit;
    size_t found = heap.count;
    for (; heap.count > 0; sift_down(&heap, 0)) { /* the last first */
        struct candidate last = heap.items[0];
        heap.items[0] = heap.items[heap.count - 1];
        heap.items[--heap.count] = last;
    }
    for (size_t i = 0; i < found && i < run->query->limit; i++) {
        const struct candidate *candidate = &heap.items[i];
        int64_t rank = candidate->rank;
        take(run, result, candidate->view, candidate->doc,
             run->query->sort == SEARCH_BY_DISTANCE ? rank : -rank);
    }
    return STATUS_OK;
}

enum status page_fill(struct run *run, struct search_result *result) {
    const struct search_query *query = run->query;
    result->hits = arena_array(run->arena, query->limit == 0 ? 1 : query->limit,
                               sizeof *result->hits);
    if (result->hits == NULL)
        return STATUS_NO_MEMORY;
    if (query->limit == 0)
        return STATUS_OK;
    for (size_t i = 0; i < run->views_count && query->place.set; i++) {
        struct view *view = &run->views[i];
        uint32_t places = view->segment->values[VALUE_PLACE].count;
        view->distances = scratch_array(run->scratch, places, sizeof *view->distances);
        if (view->distances == NULL)
            return STATUS_NO_MEMORY;
        memset(view->distances, 0xff, places * sizeof *view->distances);
    }
    switch (query->sort) {
    case SEARCH_BY_RECENT: return page_recent(run, result);
    case SEARCH_BY_RELEVANCE: return page_relevance(run, result);
    case SEARCH_BY_SALARY:
    case SEARCH_BY_DISTANCE: return page_heap(run, result);
    }
    return STATUS_INVALID;
}
