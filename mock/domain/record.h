/* Reference counts of immutable records. Holders see a record as const; its count is bookkeeping
 * that changes all the same, and this is the one place that writes to it. Not thread-safe. */
#ifndef TESTKIT_MOCK_DOMAIN_RECORD_H
#define TESTKIT_MOCK_DOMAIN_RECORD_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

/* The allocation behind a record, to count in or to free. Through a union, because the compiler
 * rightly refuses to drop const; records are allocated, so none really is. */
static inline void *record_memory(const void *record)
{
    union {
        const void *held;
        void *owned;
    } pointer = { .held = record };
    return pointer.owned;
}

static inline void record_retain(const uint32_t *refs)
{
    assert(*refs > 0 && *refs < UINT32_MAX);
    ++*(uint32_t *)record_memory(refs);
}

/* True when that was the last reference, and the caller frees the record. */
static inline bool record_release(const uint32_t *refs)
{
    assert(*refs > 0);
    return --*(uint32_t *)record_memory(refs) == 0;
}

#endif
