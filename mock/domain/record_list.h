/* A list of records found in the world, to be gone through while the world changes; for the
 * domain's own files. */
#ifndef TESTKIT_MOCK_DOMAIN_RECORD_LIST_H
#define TESTKIT_MOCK_DOMAIN_RECORD_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/mem.h"
#include "common/base/scope.h"

/* Starts as { 0 }. */
struct record_list {
    const void **items; /* each borrowed from the world, until it changes that record */
    size_t count;
    size_t capacity;
};

/* False when out of memory: the list is as it was. */
MUST_USE bool record_list_add(struct record_list *list, const struct mem *mem, const void *record);
void record_list_fini(struct record_list *list, const struct mem *mem);
/* order  as for qsort, of pointers to the items */
void record_list_sort(struct record_list *list, int (*order)(const void *, const void *));

#endif
