/* Where memory comes from, as a value: the real heap, or one that fails when a test says so. */
#ifndef TESTKIT_COMMON_BASE_MEM_H
#define TESTKIT_COMMON_BASE_MEM_H

#include <stddef.h>

#include "common/base/text.h"

struct mem {
    /* As realloc: ptr NULL allocates, size 0 frees and returns NULL. */
    void *(*resize)(void *ctx, void *ptr, size_t size);
    void *ctx;
};

struct mem mem_libc(void);

void *mem_alloc(const struct mem *mem, size_t size); /* not cleared; NULL when out of memory */
void *mem_zalloc(const struct mem *mem, size_t size);
void mem_free(const struct mem *mem, void *ptr); /* NULL is fine */
/* An array of *capacity items (NULL with 0) made longer, so that adding one by one stays cheap.
 * NULL when out of memory: array and *capacity are as they were. Owned, mem_free(). */
void *mem_grow(const struct mem *mem, void *array, size_t *capacity, size_t item_size);
/* NUL-terminated copy; owned, mem_free(). */
char *mem_copy_text(const struct mem *mem, struct text t);

#endif
