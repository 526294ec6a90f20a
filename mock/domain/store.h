/* Records of one kind under several indexes that change together or not at all. */
#ifndef TESTKIT_MOCK_DOMAIN_STORE_H
#define TESTKIT_MOCK_DOMAIN_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/mem.h"
#include "common/base/scope.h"
#include "mock/domain/cow_map.h"

enum { STORE_INDEX_MAX = 3 };

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

/* Makes the next put (or remove) of this value certain; holds until the store changes. False when
 * out of memory: nothing has changed. */
MUST_USE bool store_prepare_put(struct store *store, const void *value);
MUST_USE bool store_prepare_remove(struct store *store, const void *value);

/* Adds a record, or replaces the one with the same keys: an edited copy must have all the keys of
 * the original, and be covered by the same indexes. Prepared. Takes its own references. */
void store_put(struct store *store, const void *value);
/* Removes a stored record. Prepared; the caller holds a reference while it lasts. */
void store_remove(struct store *store, const void *value);

#endif
