#include "mock/domain/snapshot_fork.h"

#include "mock/domain/change.h"
#include "mock/domain/fork.h"
#include "mock/domain/instance_record.h"
#include "mock/domain/snapshot_record.h"
#include "mock/domain/snapshots.h"
#include "mock/domain/volumes.h"
#include "mock/domain/world_state.h"

/* Refusals that come after the payload has been copied. */
static bool report(struct error *err, const struct error *failed)
{
    bool is_capacity = failed->code == ERROR_RESOURCE_EXHAUSTED;
    error_set_field(err, is_capacity ? ERROR_RESOURCE_EXHAUSTED : ERROR_INTERNAL, failed->field,
                    "%s", failed->message);
    return error_prefix(err, "apply snapshot fork target state: ");
}

/* All that a capture knows but who it is: a fork of it (SNAP-F-024 to SNAP-F-030). */
static struct fork fork_of(const struct world *world, const struct snapshot *snapshot,
                           struct text name, const struct snapshot_target *target)
{
    struct fork fork = fork_begin(world, snapshot->source, name);
    if (target->hypervisor != HYPERVISOR_UNSET)
        fork.config.hypervisor = target->hypervisor;
    return fork;
}

bool snapshot_fork(struct world *world, struct text snapshot_id, struct text name,
                   const struct snapshot_target *target, const struct instance **out,
                   struct error *err)
{
    const struct mem *mem = &world->env->mem;
    const struct snapshot *snapshot = NULL;
    enum instance_state state = INSTANCE_UNKNOWN;
    struct error failed = { 0 };
    if (!snapshots_get(world, snapshot_id, &snapshot, err) ||
        !volumes_check_readonly(snapshot->source->config, err) ||
        !fork_check_name(world, name, err) || !target_check(world, snapshot, target, &state, err) ||
        !world_check_room(world, err))
        return false;

    int64_t now_ns = world_now_ns(world);
    struct fork fork = fork_of(world, snapshot, name, target);
    fork_bind(&fork);
    bool applied = target_apply(world, &fork.instance, state, now_ns, &failed);

    struct change change = change_of(world);
    const struct instance *made = NULL;
    if (applied) {
        made = fork_new(mem, &fork, snapshot->id, now_ns);
        change_instance(&change, NULL, made);
    }
    if (snapshot_is_compressing(snapshot, now_ns))
        change_snapshot(&change, snapshot, snapshot_new_uncompressed(mem, snapshot));
    if (!change_commit(&change, err))
        return false;
    if (!applied)
        return report(err, &failed);
    *out = made; /* the world keeps it alive */
    return true;
}
