/* Arithmetic on numbers from outside: refuses overflow instead of wrapping. */
#ifndef TESTKIT_COMMON_BASE_CHECKED_H
#define TESTKIT_COMMON_BASE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/scope.h"

/* *out = a + b (or a * b); false, *out unspecified, when the result does not fit. */
MUST_USE static inline bool size_add(size_t a, size_t b, size_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

MUST_USE static inline bool size_mul(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

MUST_USE static inline bool i64_add(int64_t a, int64_t b, int64_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

/* a + b, or the end of the range that it would pass. */
static inline int64_t i64_add_capped(int64_t a, int64_t b)
{
    int64_t sum;
    if (!__builtin_add_overflow(a, b, &sum))
        return sum;
    return b < 0 ? INT64_MIN : INT64_MAX;
}

static inline int64_t i64_max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

MUST_USE static inline bool i64_mul(int64_t a, int64_t b, int64_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

#endif
