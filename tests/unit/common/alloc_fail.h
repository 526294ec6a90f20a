/* Makes one allocation of the code under test fail (linked with --wrap, see CMakeLists.txt). */
#ifndef TESTKIT_TESTS_UNIT_COMMON_ALLOC_FAIL_H
#define TESTKIT_TESTS_UNIT_COMMON_ALLOC_FAIL_H

#include <stddef.h>

/* The next n allocations succeed, the one after them fails, later ones succeed again. */
void alloc_fail_after(size_t n);
/* No more failures. Returns 1 when the failure happened. */
int alloc_fail_stop(void);
/* A function to hand to a library that takes an allocator. */
void *alloc_fail_malloc(size_t size);

#endif
