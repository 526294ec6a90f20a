/* Words every file may use: scope cleanup, ownership transfer, attributes.
 * Needs GCC or Clang (the only compilers this project builds with). */
#ifndef TESTKIT_COMMON_BASE_SCOPE_H
#define TESTKIT_COMMON_BASE_SCOPE_H

#include <stdint.h>

/* SCOPED(buffer) struct buffer b = ...;  calls buffer_scope_end(&b) when the block ends. */
#define SCOPED(name) __attribute__((cleanup(name##_scope_end)))

/* Hands a pointer over: yields p and leaves NULL behind, so its scope end does nothing. */
#define TAKE(p)                                                                                    \
    __extension__({                                                                                \
        __typeof__(p) taken_ = (p);                                                                \
        (p) = NULL;                                                                                \
        taken_;                                                                                    \
    })

#define MUST_USE                 __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, values) __attribute__((format(printf, fmt, values)))
#define ARRAY_LEN(a)             (sizeof(a) / sizeof((a)[0]))

/* For structs of C libraries that lack const where they only read. */
#define UNCONST(p) ((char *)(uintptr_t)(p))

#endif
