/* Records of one kind under several indexes that change together or not at all. */
#ifndef TESTKIT_MOCK_DOMAIN_STORE_H
#define TESTKIT_MOCK_DOMAIN_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/mem.h"
#include "common/base/scope.h"
#include "mock/domain/cow_map.h"

enum { STORE_INDEX_MAX = 8 };

struct store_index {
    struct cow_map_kind kind;
    bool (*covers)(const void *value); /* which records the index holds; NULL: all */
};

/* Read the maps freely; change them only through the functions. */
struct store {
    const struct store_index *indexes;
    size_t index_count;
    struct cow_map maps[STORE_INDEX_MAX]; /* one per index; the first covers every record */
};

/* indexes  static; mem borrowed, outlives the store and all maps retained from it */
struct store store_new(const struct store_index *indexes, size_t index_count,
                       const struct mem *mem);
void store_fini(struct store *store);
/* A store of the same content, in constant time, for store_fini.
 * mem  as for cow_map_fork */
struct store store_fork(const struct store *store, const struct mem *mem);

/* A change of the store: `old` as stored goes, `value` comes; one of them may be NULL. An edited
 * copy may have other keys than the original, and be covered by other indexes.
 * Makes it certain, beside those prepared before. False when out of memory: nothing has changed,
 * and what was prepared is to be cancelled. */
MUST_USE bool store_prepare(struct store *store, const void *old, const void *value);
/* Forgets every prepared change. */
void store_cancel(struct store *store);
/* Prepared. Takes its own references; the caller holds one on `old` while it lasts. */
void store_change(struct store *store, const void *old, const void *value);

#endif
