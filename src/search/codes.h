/* Byte codes of a segment: numbers of variable length, and the positions of a word in a vacancy.
 * All input is made by this room; nothing here reads what others wrote. Private to src/search.
 */
#ifndef SEARCH_CODES_H
#define SEARCH_CODES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

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
 *   240 to 254, steps  in 2 to 16 bytes
 *   255, two bytes, steps  in so many bytes
 * A step is the distance from the one before (the first from 0): 0 to 207; or 208 to 254 and a
 * byte; or 255 and two bytes. How long an entry is, its first byte tells: phrases skip more than
 * they read. */
#define CODE_POSITIONS_COUNT_MAX 256u
#define CODE_POSITIONS_MAX (3 + CODE_POSITIONS_COUNT_MAX * 3)

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
    uint8_t *steps = out + 1;
    for (uint32_t i = 0, before = 0; i < count; i++) {
        uint32_t position = positions[i] & 0x3fffu;
        steps = code_step_write(steps, position - before);
        before = position;
    }
    size_t len = (size_t)(steps - out) - 1;
    if (len <= 16) {
        *out = (uint8_t)(238 + len);
        return steps;
    }
    memmove(out + 3, out + 1, len);
    out[0] = 255;
    out[1] = (uint8_t)(len >> 8);
    out[2] = (uint8_t)len;
    return steps + 2;
}

/* The position of a word that is there once, in a short entry (below CODE_SHORT). */
#define CODE_SHORT 240u
static inline uint32_t code_positions_single(const uint8_t *in) {
    return *in < 208 ? *in : 208 + ((*in - 208u) << 8 | in[1]);
}

/* No branch but the rare one: what comes next cannot be foreseen. */
static inline const uint8_t *code_positions_skip(const uint8_t *in) {
    uint32_t byte = *in;
    if (__builtin_expect(byte == 255, 0))
        return in + 3 + ((size_t)in[1] << 8 | in[2]);
    uint32_t len = 1 + (byte >= 208);
    uint32_t more = (byte - 239) & (0u - (byte >= CODE_SHORT));
    return in + len + more;
}

/* All of them into out; gives how many. */
static inline uint32_t code_positions_read(const uint8_t *in,
                                           uint16_t out[CODE_POSITIONS_COUNT_MAX]) {
    if (*in < CODE_SHORT) {
        out[0] = (uint16_t)code_positions_single(in);
        return 1;
    }
    const uint8_t *steps = in + (*in == 255 ? 3 : 1), *end = code_positions_skip(in);
    uint32_t position = 0, count = 0;
    while (steps < end && count < CODE_POSITIONS_COUNT_MAX) {
        uint32_t step;
        steps = code_step_read(steps, &step);
        position += step;
        out[count++] = (uint16_t)position;
    }
    return count;
}

#endif
