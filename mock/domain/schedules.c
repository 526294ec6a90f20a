#include "mock/domain/schedules.h"

#include "common/env/env.h"
#include "mock/domain/change.h"
#include "mock/domain/instances.h"
#include "mock/domain/schedule_policy.h"
#include "mock/domain/tags.h"
#include "mock/domain/world_state.h"

static const struct schedule *find(const struct world *world, struct text instance_id)
{
    return cow_map_find(&world->schedules.maps[SCHEDULES_BY_INSTANCE],
                        (struct cow_key){ .major = instance_id });
}

static bool check(const struct schedule_settings *settings, struct error *err)
{
    if (settings->interval_ns < 60 * NS_PER_SEC)
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "interval",
                               "invalid request: interval must be at least 1m0s");
    if (!tags_check_keys(settings->metadata, err))
        return false;
    if (settings->max_age_ns < 0)
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "retention",
                               "invalid request: retention.max_age must be >= 0");
    if (settings->max_count == 0 && settings->max_age_ns == 0)
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "retention",
                               "invalid request: retention.max_count or retention.max_age must be "
                               "set");
    return true;
}

/* The schedule there is, or a fresh one. */
static struct schedule before(const struct schedule *stored, struct text instance_id,
                              int64_t now_ns)
{
    if (stored != NULL)
        return *stored;
    return (struct schedule){ .instance_id = instance_id, .created_at_ns = now_ns };
}

bool schedules_set(struct world *world, struct text instance_id,
                   const struct schedule_settings *settings, const struct schedule **out,
                   struct error *err)
{
    if (!check(settings, err))
        return false;
    if (instances_find(world, instance_id) == NULL)
        return error_set(err, ERROR_NOT_FOUND, "instance not found");

    const int64_t now_ns = world_now_ns(world);
    const struct schedule *stored = find(world, instance_id);
    struct schedule next = before(stored, instance_id, now_ns);
    if (next.interval_ns != settings->interval_ns)
        next.next_run_at_ns = schedule_first_run_ns(instance_id, settings->interval_ns, now_ns);
    next.interval_ns = settings->interval_ns;
    next.name_prefix = settings->name_prefix;
    next.metadata = settings->metadata;
    next.max_count = settings->max_count;
    next.max_age_ns = settings->max_age_ns;
    next.updated_at_ns = now_ns;

    const struct schedule *made = schedule_new(&world->env->mem, &next);
    struct change change = change_of(world);
    change_schedule(&change, stored, made);
    if (!change_commit(&change, err))
        return false;
    *out = made; /* the world keeps it alive */
    return true;
}

bool schedules_get(const struct world *world, struct text instance_id, const struct schedule **out,
                   struct error *err)
{
    const struct schedule *schedule = find(world, instance_id);
    if (schedule == NULL)
        return error_set(err, ERROR_NOT_FOUND, "snapshot schedule not found");
    *out = schedule;
    return true;
}

bool schedules_delete(struct world *world, struct text instance_id, struct error *err)
{
    const struct schedule *schedule = NULL;
    if (!schedules_get(world, instance_id, &schedule, err))
        return false;
    struct change change = change_of(world);
    change_remove_schedule(&change, schedule);
    return change_commit(&change, err);
}
