#include "mock/domain/expiry.h"

#include "mock/domain/instances.h"
#include "mock/domain/world_state.h"

/* The one that expires first; NULL when none does. */
static const struct instance *first(const struct world *world)
{
    struct cow_cursor cursor;
    cow_cursor_seek(&cursor, &world->instances.maps[INSTANCES_BY_EXPIRY], (struct cow_key){ 0 });
    return cow_cursor_next(&cursor);
}

int64_t expiry_next_ns(const struct world *world)
{
    const struct instance *instance = first(world);
    return instance == NULL ? INT64_MAX : world_tick_ns(world, instance->expires_at_ns);
}

bool expiry_sweep(struct world *world)
{
    const int64_t now_ns = world_now_ns(world);
    for (;;) {
        const struct instance *instance = first(world);
        struct error no_memory = { 0 };
        if (instance == NULL || instance->expires_at_ns > now_ns)
            return true;
        if (!instances_delete(world, instance->config->id, &no_memory))
            return false;
    }
}
