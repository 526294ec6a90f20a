#include "mock/domain/change.h"

#include <assert.h>

#include "mock/domain/instance_record.h"
#include "mock/domain/snapshot_record.h"
#include "mock/domain/world_state.h"

/* --- what goes with a change of an instance: the host's capacity, addresses --------------- */

static bool same_address(const struct instance *a, const struct instance *b)
{
    return a != NULL && b != NULL && network_same_address(&a->address, &b->address);
}

static void account_instance(struct world *world, const void *old_value, const void *value)
{
    const struct instance *old = old_value;
    const struct instance *now = value;
    if (old != NULL) {
        struct capacity_use was = instance_capacity_use(old);
        capacity_use_subtract(&world->used, &was);
    }
    if (now != NULL) {
        struct capacity_use is = instance_capacity_use(now);
        capacity_use_add(&world->used, &is);
    }
    if (same_address(old, now))
        return;
    if (now != NULL && network_has_address(&now->address))
        address_pool_took(&world->addresses, &world->instances.maps[INSTANCES_BY_IP],
                          &now->address);
    if (old != NULL && network_has_address(&old->address))
        address_pool_freed(&world->addresses, &old->address);
}

/* --- the kinds of record ------------------------------------------------------------------ */

struct store_kind {
    size_t store_offset; /* of the struct store in struct world */
    void (*account)(struct world *world, const void *old, const void *value); /* NULL: nothing */
};

static const struct store_kind instances = { offsetof(struct world, instances), account_instance };
static const struct store_kind snapshots = { offsetof(struct world, snapshots), NULL };
static const struct store_kind schedules = { offsetof(struct world, schedules), NULL };

static struct store *store_of(struct world *world, const struct store_kind *kind)
{
    return (struct store *)((char *)world + kind->store_offset);
}

/* The first index of a store holds every record, so its kind counts references for all. */
static const struct cow_map_kind *references(struct world *world, const struct store_kind *kind)
{
    return &store_of(world, kind)->indexes[0].kind;
}

/* --- the interface ------------------------------------------------------------------------ */

struct change change_of(struct world *world)
{
    return (struct change){ .world = world };
}

static struct change_item *item_at(struct change *change, size_t index)
{
    return index < CHANGE_FEW ? &change->few[index] : &change->more[index - CHANGE_FEW];
}

static bool make_room(struct change *change)
{
    if (change->count < CHANGE_FEW + change->more_capacity)
        return true;
    struct change_item *more = mem_grow(&change->world->env->mem, change->more,
                                        &change->more_capacity, sizeof *change->more);
    if (more != NULL)
        change->more = more;
    return more != NULL;
}

static void add(struct change *change, const struct store_kind *kind, const void *old,
                const void *value)
{
    const struct cow_map_kind *counts = references(change->world, kind);
    if (!make_room(change)) {
        change->incomplete = true;
        if (value != NULL)
            counts->release(&change->world->env->mem, value);
        return;
    }
    if (old != NULL)
        counts->retain(old);
    *item_at(change, change->count++) = (struct change_item){ kind, old, value };
}

static void add_made(struct change *change, const struct store_kind *kind, const void *old,
                     const void *value)
{
    if (value == NULL)
        change->incomplete = true;
    else
        add(change, kind, old, value);
}

void change_instance(struct change *change, const struct instance *old,
                     const struct instance *value)
{
    add_made(change, &instances, old, value);
}

void change_remove_instance(struct change *change, const struct instance *old)
{
    add(change, &instances, old, NULL);
}

void change_snapshot(struct change *change, const struct snapshot *old,
                     const struct snapshot *value)
{
    add_made(change, &snapshots, old, value);
}

void change_remove_snapshot(struct change *change, const struct snapshot *old)
{
    add(change, &snapshots, old, NULL);
}

void change_schedule(struct change *change, const struct schedule *old,
                     const struct schedule *value)
{
    add_made(change, &schedules, old, value);
}

void change_remove_schedule(struct change *change, const struct schedule *old)
{
    add(change, &schedules, old, NULL);
}

/* Removals to the front: what the first change of a map takes is known exactly, and of those after
 * it a removal may take the most. */
static void put_in_order(struct change *change)
{
    size_t removals = 0;
    for (size_t i = 0; i < change->count; i++) {
        struct change_item item = *item_at(change, i);
        if (item.value != NULL)
            continue;
        *item_at(change, i) = *item_at(change, removals);
        *item_at(change, removals++) = item;
    }
}

static bool prepare(struct change *change)
{
    bool prepared = !change->incomplete;
    for (size_t i = 0; prepared && i < change->count; i++) {
        const struct change_item *item = item_at(change, i);
        prepared = store_prepare(store_of(change->world, item->kind), item->old, item->value);
    }
    if (!prepared) {
        for (size_t i = 0; i < change->count; i++)
            store_cancel(store_of(change->world, item_at(change, i)->kind));
    }
    return prepared;
}

static void apply(struct change *change)
{
    struct world *world = change->world;
    for (size_t i = 0; i < change->count; i++) {
        const struct change_item *item = item_at(change, i);
        if (item->kind->account != NULL)
            item->kind->account(world, item->old, item->value);
        store_change(store_of(world, item->kind), item->old, item->value);
    }
    const int64_t now_ns = world_now_ns(world);
    if (now_ns > world->changed_ns)
        world->changed_ns = now_ns;
    world->revision++;
}

void change_abandon(struct change *change)
{
    struct world *world = change->world;
    for (size_t i = 0; i < change->count; i++) {
        const struct change_item *item = item_at(change, i);
        const struct cow_map_kind *counts = references(world, item->kind);
        if (item->value != NULL)
            counts->release(&world->env->mem, item->value);
        if (item->old != NULL)
            counts->release(&world->env->mem, item->old);
    }
    mem_free(&world->env->mem, change->more);
    change->more = NULL;
    change->more_capacity = change->count = 0;
}

bool change_commit(struct change *change, struct error *err)
{
    put_in_order(change);
    bool prepared = prepare(change);
    if (prepared)
        apply(change);
    change_abandon(change);
    return prepared || error_set(err, ERROR_NO_MEMORY, "out of memory");
}
