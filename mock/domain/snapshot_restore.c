#include "mock/domain/snapshot_restore.h"

#include "mock/domain/change.h"
#include "mock/domain/instance_edit.h"
#include "mock/domain/instance_hooks.h"
#include "mock/domain/instance_record.h"
#include "mock/domain/snapshot_record.h"
#include "mock/domain/snapshots.h"
#include "mock/domain/volumes.h"
#include "mock/domain/world_state.h"

struct restoration {
    struct world *world;
    const struct snapshot *snapshot;
    struct instance_edit edit;     /* of the instance                        */
    struct instance_config config; /* where it is not the captured one       */
    enum instance_state target;
};

static bool check(struct restoration *r, struct text instance_id, struct text snapshot_id,
                  const struct snapshot_target *target, struct error *err)
{
    struct error missing = { 0 };
    if (!snapshots_get(r->world, snapshot_id, &r->snapshot, &missing) ||
        !instance_edit_begin(&r->edit, r->world, instance_id, &missing))
        return error_set_field(err, ERROR_NOT_FOUND, missing.field,
                               "instance or snapshot not found");

    struct text owner = r->snapshot->source->config->id;
    if (!text_equal(owner, r->edit.stored->config->id))
        return error_set(err, ERROR_INVALID_ARGUMENT,
                         "invalid request: snapshot " TEXT_FMT " belongs to instance " TEXT_FMT,
                         TEXT_ARGS(r->snapshot->id), TEXT_ARGS(owner));
    /* Literally Running: nothing else is refused (SNAP-R-023). */
    if (r->edit.next.state == INSTANCE_RUNNING)
        return error_set(err, ERROR_INVALID_STATE,
                         "invalid state transition: cannot restore snapshot while source is "
                         "Running");
    return target_check(r->world, r->snapshot, target, &r->target, err);
}

/* The address at capture. Where somebody else has it by now the present one stays: no two instances
 * hold the same (INST-J-034). */
static struct network_address address_back(const struct restoration *r)
{
    struct network_address captured = r->snapshot->source->address;
    struct text ip = { (const char *)captured.ip, sizeof captured.ip };
    const struct instance *holder =
        cow_map_find(&r->world->instances.maps[INSTANCES_BY_IP], (struct cow_key){ .major = ip });
    if (holder != NULL && holder != r->edit.stored)
        return r->edit.stored->address;
    return captured;
}

/* The configuration at capture, on another hypervisor where that was asked for. With a volume that
 * somebody else has taken since, all are only listed, as those of a fork are. */
static const struct instance_config *config_back(struct restoration *r, enum hypervisor hypervisor)
{
    const struct instance_config *captured = r->snapshot->source->config;
    struct error taken = { 0 };
    r->config = *captured;
    r->config.refs = 0;
    if (hypervisor != HYPERVISOR_UNSET)
        r->config.hypervisor = hypervisor;
    if (!volumes_check_attachable(r->world, captured, &taken))
        r->config.listed_volume_count = captured->volume_count;
    bool as_captured = r->config.hypervisor == captured->hypervisor &&
                       r->config.listed_volume_count == captured->listed_volume_count;
    return as_captured ? captured : &r->config;
}

/* The instance with the captured disk and, for a Standby snapshot, memory, but not up yet
 * (SNAP-R-031, SNAP-R-032, SNAP-R-036). */
static struct instance put_back(struct restoration *r, enum hypervisor hypervisor)
{
    const struct instance *current = r->edit.stored;
    const struct instance *captured = r->snapshot->source;
    struct instance next = *captured; /* in the state that the snapshot's kind says */
    next.config = config_back(r, hypervisor);
    next.expires_at_ns = current->expires_at_ns; /* NEW-069 */
    next.history = current->history;
    next.hooks = current->hooks;
    next.address = address_back(r);
    next.started_at_ns = next.stopped_at_ns = next.hold_until_ns = 0;
    next.has_exit_code = false;
    next.exit_code = 0;
    return next;
}

static bool commit(struct restoration *r, const struct instance **out, struct error *err)
{
    const struct mem *mem = &r->world->env->mem;
    struct history_event event = target_event(HISTORY_RESTORED, &r->edit.next, r->snapshot->id);
    event.at_ns = r->edit.now_ns;
    const struct instance *next = instance_new_after(mem, &r->edit.next, event);
    struct change change = change_of(r->world);
    change_instance(&change, r->edit.stored, next);
    if (snapshot_is_compressing(r->snapshot, r->edit.now_ns))
        change_snapshot(&change, r->snapshot, snapshot_new_uncompressed(mem, r->snapshot));
    if (!change_commit(&change, err))
        return false;
    *out = next; /* the world keeps it alive */
    return true;
}

bool snapshot_restore(struct world *world, struct text instance_id, struct text snapshot_id,
                      const struct snapshot_target *target, const struct instance **out,
                      struct error *err)
{
    struct restoration r = { .world = world };
    struct instance_hooks room;
    struct error halfway = { 0 };
    if (!check(&r, instance_id, snapshot_id, target, err))
        return false;

    struct instance back = put_back(&r, target->hypervisor);
    bool applied = !instance_hooks_use(&back, TRANSITION_RESTORE, &room) ||
                   error_set_field(&halfway, ERROR_INTERNAL, "transition",
                                   "restore failed: a test asked for it");
    r.edit.next = back;
    applied = applied && target_apply(world, &r.edit.next, r.target, r.edit.now_ns, &halfway);
    if (!applied)
        r.edit.next = back;
    const struct instance *next = NULL;
    if (!commit(&r, &next, err))
        return false;
    if (applied) {
        *out = next;
        return true;
    }
    bool is_image = halfway.code == ERROR_NOT_FOUND;
    return error_set_field(err, is_image ? ERROR_NOT_FOUND : ERROR_INTERNAL, halfway.field, "%s",
                           halfway.message);
}
