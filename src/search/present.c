/* What vacancies of a version, open on a day, have: looked up and counted for suggestions. */
#include <stdlib.h>

#include "lexicon.h"
#include "version.h"

static bool is_open(const struct part *part, uint32_t doc, int32_t today) {
    return bits_get(part->live->bits, doc) && part->segment->valid_through[doc] >= today;
}

bool version_has_value(const struct search_version *version, enum search_field field,
                       struct str value, int32_t today) {
    for (size_t i = version->parts_count; i-- > 0;) {
        const struct part *part = &version->parts[i];
        const struct values *values = &part->segment->values[field];
        int64_t number = values_find(values, value);
        if (number < 0)
            continue;
        struct list_reader reader = list_read(part->segment, values->lists[number]);
        while (list_next(&reader))
            if (is_open(part, reader.doc, today))
                return true;
    }
    return false;
}

static bool part_has(const struct part *part, const struct titled *titled, int32_t today) {
    const struct search_segment *segment = part->segment;
    uint32_t low = 0, high = segment->docs;
    if (segment->docs == 0 || titled->published < segment->published[0] ||
        titled->published > segment->published[segment->docs - 1])
        return false;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (segment_compare(segment, middle, titled->published, &titled->id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < segment->docs &&
           segment_compare(segment, low, titled->published, &titled->id) == 0 &&
           is_open(part, low, today);
}

bool version_has_document(const struct search_version *version, const struct titled *titled,
                          int32_t today) {
    for (size_t i = version->parts_count; i-- > 0;)
        if (part_has(&version->parts[i], titled, today))
            return true;
    return false;
}

static const enum search_field fields_of_kinds[] = {[SEARCH_SUGGEST_ROLE] = SEARCH_ROLE,
                                                    [SEARCH_SUGGEST_TOOL] = SEARCH_TOOL,
                                                    [SEARCH_SUGGEST_PLACE] = SEARCH_CITY};

enum status search_version_weigh(const struct search_version *version, int32_t today,
                                 struct search_offer *offers, size_t count) {
    for (size_t i = 0; i < count; i++)
        offers[i].weight = 0;
    for (size_t i = 0; i < version->parts_count; i++) {
        const struct part *part = &version->parts[i];
        const struct search_segment *segment = part->segment;
        uint64_t *open = memory_array(segment->words, sizeof *open);
        if (open == NULL)
            return STATUS_NO_MEMORY;
        memcpy(open, part->live->bits, segment->words * sizeof *open);
        segment_drop_expired(segment, today, open);
        for (size_t k = 0; k < count; k++) {
            if (offers[k].kind > SEARCH_SUGGEST_PLACE)
                continue;
            const struct values *values = &segment->values[fields_of_kinds[offers[k].kind]];
            int64_t number = values_find(values, offers[k].code);
            if (number >= 0)
                offers[k].weight += list_count_and(segment, values->lists[number], open);
        }
        free(open);
    }
    return STATUS_OK;
}
