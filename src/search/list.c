/* Lists of ordinals: reading them, adding them to bits, counting them against bits. */
#include "segment.h"

struct list_reader list_read(const struct search_segment *segment, struct list list) {
    struct list_reader reader = {.segment = segment, .left = list.count, .doc = UINT32_MAX};
    if (list_is_row(list))
        reader.row = list_row(segment, list);
    else
        reader.at = segment->bytes + list.where;
    return reader;
}

void list_or(const struct search_segment *segment, struct list list, uint64_t *into) {
    if (list_is_row(list)) {
        bits_or(into, list_row(segment, list), segment->words);
        return;
    }
    const uint8_t *at = segment->bytes + list.where;
    uint32_t doc = UINT32_MAX;
    for (uint32_t left = list.count; left > 0; left--) {
        uint32_t gap;
        at = code_number_read(at, &gap);
        doc += gap;
        bits_set(into, doc);
    }
}

uint32_t list_count_and(const struct search_segment *segment, struct list list,
                        const uint64_t *with) {
    if (list_is_row(list))
        return bits_count_and(list_row(segment, list), with, segment->words);
    const uint8_t *at = segment->bytes + list.where;
    uint32_t doc = UINT32_MAX, count = 0;
    for (uint32_t left = list.count; left > 0; left--) {
        uint32_t gap;
        at = code_number_read(at, &gap);
        doc += gap;
        count += bits_get(with, doc);
    }
    return count;
}

const uint64_t *list_bits(const struct search_segment *segment, struct list list, uint64_t *room) {
    if (list_is_row(list))
        return list_row(segment, list);
    memset(room, 0, segment->words * sizeof *room);
    list_or(segment, list, room);
    return room;
}
