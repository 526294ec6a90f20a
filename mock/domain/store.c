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

struct store store_fork(const struct store *store, const struct mem *mem)
{
    struct store fork = { .indexes = store->indexes, .index_count = store->index_count };
    for (size_t i = 0; i < store->index_count; i++)
        fork.maps[i] = cow_map_fork(&store->maps[i], mem);
    return fork;
}

void store_fini(struct store *store)
{
    for (size_t i = 0; i < store->index_count; i++)
        cow_map_fini(&store->maps[i]);
}

/* What a change does to one index. */
struct step {
    bool remove; /* the old value, whose key the new one does not have */
    bool put;
};

static bool same_key(struct cow_key a, struct cow_key b)
{
    return a.rank == b.rank && text_equal(a.major, b.major) && text_equal(a.minor, b.minor);
}

static struct step step_of(const struct store *store, size_t index, const void *old,
                           const void *value)
{
    bool was = old != NULL && covers(store, index, old);
    bool is = value != NULL && covers(store, index, value);
    bool stays = was && is && same_key(key_in(store, index, old), key_in(store, index, value));
    return (struct step){ .remove = was && !stays, .put = is };
}

bool store_prepare(struct store *store, const void *old, const void *value)
{
    for (size_t i = 0; i < store->index_count; i++) {
        struct step step = step_of(store, i, old, value);
        if (step.remove && !cow_map_prepare_remove(&store->maps[i], key_in(store, i, old)))
            return false;
        if (step.put && !cow_map_prepare_put(&store->maps[i], key_in(store, i, value)))
            return false;
    }
    return true;
}

void store_cancel(struct store *store)
{
    for (size_t i = 0; i < store->index_count; i++)
        cow_map_cancel(&store->maps[i]);
}

void store_change(struct store *store, const void *old, const void *value)
{
    for (size_t i = 0; i < store->index_count; i++) {
        struct step step = step_of(store, i, old, value);
        if (step.remove)
            cow_map_remove(&store->maps[i], key_in(store, i, old));
        if (step.put)
            cow_map_put(&store->maps[i], value);
    }
}
