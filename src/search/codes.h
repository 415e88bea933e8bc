/* Byte codes of a segment: numbers of variable length, and the positions of a word in a vacancy.
 * All input is made by this room; nothing here reads what others wrote. Private to src/search.
 */
#ifndef SEARCH_CODES_H
#define SEARCH_CODES_H

#include <stddef.h>
#include <stdint.h>

#define CODE_NUMBER_MAX 5

/* Seven bits a byte, the lowest first. */
static inline uint8_t *code_number_write(uint8_t *out, uint32_t value) {
    while (value >= 0x80) {
        *out++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *out++ = (uint8_t)value;
    return out;
}

static inline const uint8_t *code_number_read(const uint8_t *in, uint32_t *value) {
    uint32_t v = *in++;
    if (v >= 0x80) {
        v &= 0x7f;
        for (unsigned shift = 7;; shift += 7) {
            uint32_t byte = *in++;
            v |= (byte & 0x7f) << shift;
            if (byte < 0x80)
                break;
        }
    }
    *value = v;
    return in;
}

/* The positions of a word in one vacancy. Most words are there once, near the start:
 *   0 to 207           once, there
 *   208 to 239, byte   once, further on (208 + 13 bits)
 *   240 to 254, steps  2 to 16 times
 *   255, count - 1, steps
 * A step is the distance from the one before (the first from 0): 0 to 207; or 208 to 254 and a byte
 * (208
 * + 13 bits and a half); or 255 and two bytes. */
#define CODE_POSITIONS_COUNT_MAX 256u
#define CODE_POSITIONS_MAX (2 + CODE_POSITIONS_COUNT_MAX * 3)

static inline uint8_t *code_step_write(uint8_t *out, uint32_t step) {
    if (step < 208) {
        *out++ = (uint8_t)step;
    } else if (step - 208 < 47u * 256) {
        *out++ = (uint8_t)(208 + ((step - 208) >> 8));
        *out++ = (uint8_t)(step - 208);
    } else {
        *out++ = 255;
        *out++ = (uint8_t)(step >> 8);
        *out++ = (uint8_t)step;
    }
    return out;
}

static inline const uint8_t *code_step_read(const uint8_t *in, uint32_t *step) {
    uint32_t byte = *in++;
    if (byte < 208) {
        *step = byte;
    } else if (byte < 255) {
        *step = 208 + ((byte - 208) << 8 | *in++);
    } else {
        *step = (uint32_t)in[0] << 8 | in[1];
        in += 2;
    }
    return in;
}

/* positions: PostgreSQL's, with weights; count 1 to CODE_POSITIONS_COUNT_MAX. */
static inline uint8_t *code_positions_write(uint8_t *out, const uint16_t *positions, size_t count) {
    uint32_t first = positions[0] & 0x3fffu;
    if (count == 1 && first < 208) {
        *out++ = (uint8_t)first;
        return out;
    }
    if (count == 1 && first - 208 < 32u * 256) {
        *out++ = (uint8_t)(208 + ((first - 208) >> 8));
        *out++ = (uint8_t)(first - 208);
        return out;
    }
    if (count >= 2 && count <= 16) {
        *out++ = (uint8_t)(238 + count);
    } else {
        *out++ = 255;
        *out++ = (uint8_t)(count - 1);
    }
    for (uint32_t i = 0, before = 0; i < count; i++) {
        uint32_t position = positions[i] & 0x3fffu;
        out = code_step_write(out, position - before);
        before = position;
    }
    return out;
}

/* How many there are; *steps is where they begin, NULL when the one position is *first. *next is
 * what comes after, where that is known (a single position). */
static inline uint32_t code_positions_head(const uint8_t *in, uint32_t *first,
                                           const uint8_t **steps) {
    uint32_t byte = *in++;
    *steps = NULL;
    if (byte < 208) {
        *first = byte;
        return 1;
    }
    if (byte < 240) {
        *first = 208 + ((byte - 208) << 8 | *in);
        return 1;
    }
    if (byte < 255) {
        *steps = in;
        return byte - 238;
    }
    *steps = in + 1;
    return *in + 1u;
}

static inline const uint8_t *code_positions_skip(const uint8_t *in) {
    uint32_t byte = *in++;
    if (byte < 208)
        return in;
    if (byte < 240)
        return in + 1;
    uint32_t count = byte < 255 ? byte - 238 : *in++ + 1u;
    for (; count > 0; count--)
        in += *in < 208 ? 1 : *in < 255 ? 2 : 3;
    return in;
}

/* All of them into out; gives how many. */
static inline uint32_t code_positions_read(const uint8_t *in,
                                           uint16_t out[CODE_POSITIONS_COUNT_MAX]) {
    uint32_t first, position = 0;
    const uint8_t *steps;
    uint32_t count = code_positions_head(in, &first, &steps);
    if (steps == NULL) {
        out[0] = (uint16_t)first;
        return 1;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t step;
        steps = code_step_read(steps, &step);
        position += step;
        out[i] = (uint16_t)position;
    }
    return count;
}

#endif
