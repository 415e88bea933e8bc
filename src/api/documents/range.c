/* One range: first-last, first-, or -suffix. */
#include "range.h"

enum range_answer range_parse(struct str field, uint64_t size, uint64_t *from, uint64_t *to) {
    static const struct str unit = STR_INIT("bytes=");
    *from = 0;
    *to = size - 1;
    if (field.len <= unit.len || !str_eq_nocase(str_from(field.ptr, unit.len), unit))
        return RANGE_WHOLE;
    struct str spec = str_trim(str_from(field.ptr + unit.len, field.len - unit.len));
    size_t dash = str_find(spec, '-');
    if (dash == spec.len || str_find(spec, ',') < spec.len)
        return RANGE_WHOLE;
    struct str first = str_from(spec.ptr, dash);
    struct str last = str_from(spec.ptr + dash + 1, spec.len - dash - 1);
    uint64_t a = 0, b = 0;
    enum status has_a = str_to_u64(first, UINT64_MAX, &a), has_b = str_to_u64(last, UINT64_MAX, &b);
    if ((first.len > 0 && has_a == STATUS_INVALID) || (last.len > 0 && has_b == STATUS_INVALID) ||
        (first.len == 0 && last.len == 0))
        return RANGE_WHOLE;
    if (first.len == 0) {
        if (has_b != STATUS_TOO_LARGE && b == 0)
            return RANGE_UNSATISFIABLE;
        *from = has_b == STATUS_TOO_LARGE || b >= size ? 0 : size - b;
        return RANGE_PART;
    }
    if (has_a == STATUS_TOO_LARGE || a >= size)
        return RANGE_UNSATISFIABLE;
    if (last.len > 0 && has_b == STATUS_OK && b < a)
        return RANGE_WHOLE; /* invalid */
    *from = a;
    if (last.len > 0 && has_b == STATUS_OK && b < size)
        *to = b;
    return RANGE_PART;
}
