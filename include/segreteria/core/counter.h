/* Numbers that one thread keeps and others read: no lock, no locked instruction. What is read is
 * right by itself; two numbers read one after the other may be from different moments. */
#ifndef SEGRETERIA_CORE_COUNTER_H
#define SEGRETERIA_CORE_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

struct counter {
    _Atomic uint64_t value;
};

/* The owner's thread alone. */
static inline void counter_set(struct counter *counter, uint64_t value) {
    atomic_store_explicit(&counter->value, value, memory_order_relaxed);
}
static inline void counter_add(struct counter *counter, uint64_t n) {
    counter_set(counter, atomic_load_explicit(&counter->value, memory_order_relaxed) + n);
}

/* Any thread. */
static inline uint64_t counter_read(const struct counter *counter) {
    return atomic_load_explicit(&counter->value, memory_order_relaxed);
}

#endif
