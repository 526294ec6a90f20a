#include "mock/domain/world.h"

#include "mock/domain/auto_standby.h"
#include "mock/domain/boot_failure.h"
#include "mock/domain/image.h"
#include "mock/domain/instance_record.h"
#include "mock/domain/restart.h"
#include "mock/domain/schedule.h"
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

static struct cow_key instance_by_expiry(const void *value)
{
    const struct instance *instance = value;
    return (struct cow_key){ .rank = (uint64_t)instance->expires_at_ns,
                             .major = instance->config->id };
}

static bool instance_expires(const void *value)
{
    const struct instance *instance = value;
    return instance->expires_at_ns > 0;
}

static bool instance_attaches(const void *value)
{
    const struct instance *instance = value;
    return instance->config->volume_count > instance->config->listed_volume_count;
}

static struct cow_key instance_by_standby(const void *value)
{
    const struct instance *instance = value;
    return (struct cow_key){ .rank = (uint64_t)auto_standby_due_ns(instance),
                             .major = instance->config->id };
}

static bool instance_stands_by(const void *value)
{
    return auto_standby_due_ns(value) != INT64_MAX;
}

static struct cow_key instance_by_restart(const void *value)
{
    const struct instance *instance = value;
    return (struct cow_key){ .rank = (uint64_t)restart_due_ns(instance),
                             .major = instance->config->id };
}

static bool instance_restarts(const void *value)
{
    return restart_due_ns(value) != INT64_MAX;
}

static struct cow_key instance_by_boot_failure(const void *value)
{
    const struct instance *instance = value;
    return (struct cow_key){ .rank = (uint64_t)boot_failure_due_ns(instance),
                             .major = instance->config->id };
}

static bool instance_fails_to_boot(const void *value)
{
    return boot_failure_due_ns(value) != INT64_MAX;
}

static const struct store_index instance_indexes[] = {
    [INSTANCES_BY_ID] = { { instance_by_id, retain_instance, release_instance }, NULL },
    [INSTANCES_BY_NAME] = { { instance_by_name, retain_instance, release_instance }, NULL },
    [INSTANCES_BY_IP] = { { instance_by_ip, retain_instance, release_instance },
                          instance_holds_ip },
    [INSTANCES_BY_EXPIRY] = { { instance_by_expiry, retain_instance, release_instance },
                              instance_expires },
    [INSTANCES_WITH_VOLUMES] = { { instance_by_id, retain_instance, release_instance },
                                 instance_attaches },
    [INSTANCES_BY_STANDBY] = { { instance_by_standby, retain_instance, release_instance },
                               instance_stands_by },
    [INSTANCES_BY_RESTART] = { { instance_by_restart, retain_instance, release_instance },
                               instance_restarts },
    [INSTANCES_BY_BOOT_FAILURE] = { { instance_by_boot_failure, retain_instance, release_instance },
                                    instance_fails_to_boot },
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

/* --- schedule indexes -------------------------------------------------------------------- */

static void retain_schedule(const void *value)
{
    schedule_retain(value);
}

static void release_schedule(const struct mem *mem, const void *value)
{
    schedule_release(mem, value);
}

static struct cow_key schedule_by_instance(const void *value)
{
    const struct schedule *schedule = value;
    return (struct cow_key){ .major = schedule->instance_id };
}

static struct cow_key schedule_by_due(const void *value)
{
    const struct schedule *schedule = value;
    return (struct cow_key){ .rank = (uint64_t)schedule->next_run_at_ns,
                             .major = schedule->instance_id };
}

static const struct store_index schedule_indexes[] = {
    [SCHEDULES_BY_INSTANCE] = { { schedule_by_instance, retain_schedule, release_schedule }, NULL },
    [SCHEDULES_BY_DUE] = { { schedule_by_due, retain_schedule, release_schedule }, NULL },
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
        .started_ns = env_now_ns(env),
        .instances = store_new(instance_indexes, ARRAY_LEN(instance_indexes), &env->mem),
        .snapshots = store_new(snapshot_indexes, ARRAY_LEN(snapshot_indexes), &env->mem),
        .schedules = store_new(schedule_indexes, ARRAY_LEN(schedule_indexes), &env->mem),
        .images = image_table_new(&env->mem),
        .addresses = address_pool_new(),
    };
    return world;
}

struct world *world_fork(const struct world *from, const struct env *env)
{
    struct world *world = mem_alloc(&env->mem, sizeof *world);
    if (world == NULL)
        return NULL;
    *world = *from;
    world->env = env;
    world->instances = store_fork(&from->instances, &env->mem);
    world->snapshots = store_fork(&from->snapshots, &env->mem);
    world->schedules = store_fork(&from->schedules, &env->mem);
    world->images = cow_map_fork(&from->images, &env->mem);
    return world;
}

void world_free(struct world *world)
{
    if (world == NULL)
        return;
    store_fini(&world->schedules);
    cow_map_fini(&world->images);
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
    return world->moment_ns != 0 ? world->moment_ns : env_now_ns(world->env);
}

uint64_t world_revision(const struct world *world)
{
    return world->revision;
}

size_t world_instance_count(const struct world *world)
{
    return world->instances.maps[INSTANCES_BY_ID].count;
}

size_t world_snapshot_count(const struct world *world)
{
    return world->snapshots.maps[SNAPSHOTS_BY_ID].count;
}

bool world_check_room(const struct world *world, struct error *err)
{
    const size_t max = world->settings.max_records;

    return max == 0 || world_instance_count(world) + world_snapshot_count(world) < max ||
           error_set(err, ERROR_RESOURCE_EXHAUSTED,
                     "insufficient resources: a world of this mock holds at most %zu instances and "
                     "snapshots",
                     max);
}

void world_set_capacity(struct world *world, const struct capacity *capacity)
{
    world->settings.capacity = *capacity;
    world->revision++;
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
