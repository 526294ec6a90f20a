#include "mock/domain/store.h"

#include <assert.h>

static bool covers(const struct store *store, size_t index, const void *value)
{
    const struct store_index *row = &store->indexes[index];
    return row->covers == NULL || row->covers(value);
}

static struct cow_key key_in(const struct store *store, size_t index, const void *value)
{
    return store->indexes[index].kind.key_of(value);
}

struct store store_new(const struct store_index *indexes, size_t index_count, const struct mem *mem)
{
    assert(index_count >= 1 && index_count <= STORE_INDEX_MAX);
    struct store store = { .indexes = indexes, .index_count = index_count };
    for (size_t i = 0; i < index_count; i++)
        store.maps[i] = cow_map_new(&indexes[i].kind, mem);
    return store;
}

void store_fini(struct store *store)
{
    for (size_t i = 0; i < store->index_count; i++)
        cow_map_fini(&store->maps[i]);
}

bool store_prepare_put(struct store *store, const void *value)
{
    for (size_t i = 0; i < store->index_count; i++) {
        if (covers(store, i, value) &&
            !cow_map_prepare_put(&store->maps[i], key_in(store, i, value)))
            return false;
    }
    return true;
}

bool store_prepare_remove(struct store *store, const void *value)
{
    for (size_t i = 0; i < store->index_count; i++) {
        if (covers(store, i, value) &&
            !cow_map_prepare_remove(&store->maps[i], key_in(store, i, value)))
            return false;
    }
    return true;
}

void store_put(struct store *store, const void *value)
{
    for (size_t i = 0; i < store->index_count; i++) {
        if (covers(store, i, value))
            cow_map_put(&store->maps[i], value);
    }
}

void store_remove(struct store *store, const void *value)
{
    for (size_t i = 0; i < store->index_count; i++) {
        if (covers(store, i, value))
            cow_map_remove(&store->maps[i], key_in(store, i, value));
    }
}
