#include "mock/domain/world.h"

#include "mock/domain/instance_record.h"
#include "mock/domain/snapshot_record.h"
#include "mock/domain/world_state.h"

/* --- instance indexes -------------------------------------------------------------------- */

static void retain_instance(const void *value)
{
    instance_retain(value);
}

static void release_instance(const struct mem *mem, const void *value)
{
    instance_release(mem, value);
}

static struct cow_key instance_by_id(const void *value)
{
    const struct instance *instance = value;
    return (struct cow_key){ .major = instance->config->id };
}

static struct cow_key instance_by_name(const void *value)
{
    const struct instance *instance = value;
    return (struct cow_key){ .major = instance->config->name, .minor = instance->config->id };
}

static struct cow_key instance_by_ip(const void *value)
{
    const struct instance *instance = value;
    const uint8_t *ip = instance->address.ip;
    return (struct cow_key){ .major = { (const char *)ip, sizeof instance->address.ip } };
}

static bool instance_holds_ip(const void *value)
{
    const struct instance *instance = value;
    return network_has_address(&instance->address);
}

static const struct store_index instance_indexes[] = {
    [INSTANCES_BY_ID] = { { instance_by_id, retain_instance, release_instance }, NULL },
    [INSTANCES_BY_NAME] = { { instance_by_name, retain_instance, release_instance }, NULL },
    [INSTANCES_BY_IP] = { { instance_by_ip, retain_instance, release_instance },
                          instance_holds_ip },
};

/* --- snapshot indexes -------------------------------------------------------------------- */

static void retain_snapshot(const void *value)
{
    snapshot_retain(value);
}

static void release_snapshot(const struct mem *mem, const void *value)
{
    snapshot_release(mem, value);
}

static struct cow_key snapshot_by_id(const void *value)
{
    const struct snapshot *snapshot = value;
    return (struct cow_key){ .major = snapshot->id };
}

static struct cow_key snapshot_by_source(const void *value)
{
    const struct snapshot *snapshot = value;
    return (struct cow_key){ .major = snapshot->source->config->id, .minor = snapshot->id };
}

static struct cow_key snapshot_by_name(const void *value)
{
    const struct snapshot *snapshot = value;
    return (struct cow_key){ .major = snapshot->source->config->id, .minor = snapshot->name };
}

static bool snapshot_is_named(const void *value)
{
    const struct snapshot *snapshot = value;
    return snapshot->name.len > 0;
}

static const struct store_index snapshot_indexes[] = {
    [SNAPSHOTS_BY_ID] = { { snapshot_by_id, retain_snapshot, release_snapshot }, NULL },
    [SNAPSHOTS_BY_SOURCE] = { { snapshot_by_source, retain_snapshot, release_snapshot }, NULL },
    [SNAPSHOTS_BY_NAME] = { { snapshot_by_name, retain_snapshot, release_snapshot },
                            snapshot_is_named },
};

/* --- the world --------------------------------------------------------------------------- */

struct world_settings world_settings_default(void)
{
    return (struct world_settings){
        .default_hypervisor = HYPERVISOR_FIRECRACKER,
        .boot_delay_ns = 250 * NS_PER_MS,
        .compression_delay_ns = NS_PER_SEC,
        .host = { HOST_LINUX, HOST_AMD64 },
        .capacity = capacity_default(),
        .limits = { .max_overlay_bytes = INT64_C(100) << 30,
                    .max_vcpus = 16,
                    .max_memory_bytes = INT64_C(32) << 30 },
    };
}

struct world *world_new(const struct env *env, const struct world_settings *settings)
{
    struct world *world = mem_alloc(&env->mem, sizeof *world);
    if (world == NULL)
        return NULL;
    *world = (struct world){
        .env = env,
        .settings = *settings,
        .instances = store_new(instance_indexes, ARRAY_LEN(instance_indexes), &env->mem),
        .snapshots = store_new(snapshot_indexes, ARRAY_LEN(snapshot_indexes), &env->mem),
        .addresses = address_pool_new(),
    };
    return world;
}

void world_free(struct world *world)
{
    if (world == NULL)
        return;
    store_fini(&world->snapshots);
    store_fini(&world->instances);
    mem_free(&world->env->mem, world);
}

const struct world_settings *world_settings(const struct world *world)
{
    return &world->settings;
}

int64_t world_now_ns(const struct world *world)
{
    return env_now_ns(world->env);
}

size_t world_instance_count(const struct world *world)
{
    return world->instances.maps[INSTANCES_BY_ID].count;
}

size_t world_snapshot_count(const struct world *world)
{
    return world->snapshots.maps[SNAPSHOTS_BY_ID].count;
}

struct capacity_use world_capacity_use(const struct world *world)
{
    return world->used;
}

struct resource_id world_new_id(const struct world *world)
{
    for (;;) {
        struct resource_id id = resource_id_random(world->env);
        struct cow_key key = { .major = resource_id_text(&id) };
        if (cow_map_find(&world->instances.maps[INSTANCES_BY_ID], key) == NULL &&
            cow_map_find(&world->snapshots.maps[SNAPSHOTS_BY_ID], key) == NULL)
            return id;
    }
}

static const struct instance *stored_version(const struct world *world,
                                             const struct instance *instance)
{
    return cow_map_find(&world->instances.maps[INSTANCES_BY_ID], instance_by_id(instance));
}

void world_put_instance(struct world *world, const struct instance *instance)
{
    const struct instance *old = stored_version(world, instance);
    if (old != NULL) {
        struct capacity_use was = instance_capacity_use(old);
        capacity_use_subtract(&world->used, &was);
    } else if (network_has_address(&instance->address)) {
        address_pool_took(&world->addresses, &instance->address);
    }
    struct capacity_use is = instance_capacity_use(instance);
    capacity_use_add(&world->used, &is);
    store_put(&world->instances, instance);
}

void world_remove_instance(struct world *world, const struct instance *instance)
{
    struct capacity_use was = instance_capacity_use(instance);
    capacity_use_subtract(&world->used, &was);
    if (network_has_address(&instance->address))
        address_pool_freed(&world->addresses, &instance->address);

    instance_retain(instance); /* its keys are needed until the last index is done */
    store_remove(&world->instances, instance);
    instance_release(&world->env->mem, instance);
}
