/* Memory of one request: many small allocations, one release.
 * Not thread-safe. Everything handed out is valid until arena_fini or arena_reset. */
#ifndef TESTKIT_COMMON_BASE_ARENA_H
#define TESTKIT_COMMON_BASE_ARENA_H

#include <stddef.h>

#include "common/base/scope.h"
#include "common/base/text.h"

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first */
    char *next;                 /* free bytes of the newest block */
    size_t left;
    size_t used; /* sum of what was handed out     */
    size_t max;  /* ceiling on `used`              */
};

struct arena arena_capped(size_t max);
void arena_fini(struct arena *a);
void arena_scope_end(struct arena *a);
/* Gives everything back but one block, for the next request. */
void arena_reset(struct arena *a);

/* Aligned for any type, not cleared. NULL when out of memory or over the ceiling. */
void *arena_alloc(struct arena *a, size_t size);
void *arena_zalloc(struct arena *a, size_t size);
/* NUL-terminated copy. */
char *arena_copy(struct arena *a, struct text t);
char *arena_printf(struct arena *a, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
