#include "tests/unit/common/alloc_fail.h"

#include <stdbool.h>
#include <stdint.h>

static size_t left = SIZE_MAX; /* SIZE_MAX: not armed */
static bool happened;

/* The linker gives these names; no header can. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *ptr, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *ptr, size_t size);

void alloc_fail_after(size_t n)
{
    left = n;
    happened = false;
}

int alloc_fail_stop(void)
{
    left = SIZE_MAX;
    return happened ? 1 : 0;
}

static bool fails(void)
{
    if (left == SIZE_MAX)
        return false;
    if (left-- > 0)
        return false;
    happened = true;
    left = SIZE_MAX;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *ptr, size_t size)
{
    return fails() ? NULL : __real_realloc(ptr, size);
}

void *alloc_fail_malloc(size_t size)
{
    return __wrap_malloc(size);
}
