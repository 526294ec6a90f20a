#include "mock/domain/instance_fork.h"

#include "mock/domain/bring_up.h"
#include "mock/domain/change.h"
#include "mock/domain/fork.h"
#include "mock/domain/image.h"
#include "mock/domain/instance_edit.h"
#include "mock/domain/instance_record.h"
#include "mock/domain/target_state.h"
#include "mock/domain/transition.h"
#include "mock/domain/volumes.h"
#include "mock/domain/world_state.h"

/* --- may it be made? ---------------------------------------------------------------------- */

static bool derive_target(const struct fork_request *request, enum instance_state source,
                          enum instance_state *target, struct error *err)
{
    bool settled =
        source == INSTANCE_RUNNING || source == INSTANCE_STOPPED || source == INSTANCE_STANDBY;
    *target = request->has_target ? request->target : source;
    if (settled)
        return true;
    if (!request->has_target)
        return error_set(err, ERROR_INVALID_STATE,
                         "invalid state transition: cannot derive fork target state from source "
                         "state %s",
                         instance_state_name(source));
    return error_set(err, ERROR_INVALID_STATE,
                     "invalid state transition: cannot fork from state %s (must be Stopped or "
                     "Standby, or Running with from_running=true)",
                     instance_state_name(source));
}

static bool check_running(const struct world *world, const struct fork_request *request,
                          const struct instance *source, struct error *err)
{
    if (source->state != INSTANCE_RUNNING)
        return true;
    if (!request->from_running)
        return error_set(err, ERROR_INVALID_STATE,
                         "invalid state transition: cannot fork from state Running (set "
                         "from_running=true to allow standby+restore flow)");
    return bring_up_can_standby(world, source, err) ||
           error_prefix(err, "standby source instance: ");
}

/* --- making it ---------------------------------------------------------------------------- */

/* What went wrong says where, but for an image that is gone (INST-FK-035). */
static bool report(struct error *err, const struct error *failed, const char *where)
{
    error_set_field(err, failed->code, failed->field, "%s", failed->message);
    if (failed->code == ERROR_INVALID_STATE || failed->code == ERROR_RESOURCE_EXHAUSTED)
        error_prefix(err, "%s: ", where);
    return false;
}

static bool check_fork(const struct world *world, const struct fork_request *request,
                       const struct instance *source, struct error *err)
{
    return volumes_check_readonly(source->config, err) &&
           fork_check_name(world, request->name, err) && world_check_room(world, err);
}

/* A source at rest: the ledger of the fork starts anew with its state (INST-J-045). */
static bool make_fork(const struct world *world, const struct instance *source,
                      const struct fork_request *request, enum instance_state target,
                      struct fork *out, struct error *err)
{
    int64_t now_ns = world_now_ns(world);
    *out = fork_begin(world, source, request->name);
    fork_bind(out);
    out->instance.phases = phase_ledger_start(
        source->state == INSTANCE_STANDBY ? PHASE_STANDBY : PHASE_STOPPED, now_ns);
    return target_apply(world, &out->instance, target, now_ns, err);
}

static bool fork_at_rest(struct instance_edit *edit, const struct fork_request *request,
                         enum instance_state target, const struct instance **out, struct error *err)
{
    struct world *world = edit->world;
    struct error failed = { 0 };
    struct fork fork;
    if (!check_fork(world, request, &edit->next, err))
        return false;
    if (!make_fork(world, &edit->next, request, target, &fork, &failed))
        return report(err, &failed, "apply fork target state");

    struct change change = change_of(world);
    const struct instance *made =
        fork_new(&world->env->mem, &fork, edit->next.config->id, edit->now_ns);
    change_instance(&change, NULL, made);
    if (!change_commit(&change, err))
        return false;
    *out = made; /* the world keeps it alive */
    return true;
}

/* The source is in standby when the fork is judged and made, and is resumed afterwards whatever
 * came of it. Its share of the host stays its own meanwhile. */
static bool fork_running(struct instance_edit *edit, const struct fork_request *request,
                         enum instance_state target, const struct instance **out, struct error *err)
{
    struct world *world = edit->world;
    const struct mem *mem = &world->env->mem;
    struct error failed = { 0 };
    struct error stuck = { 0 };
    struct fork fork;

    transition_standby(&edit->next, edit->now_ns);
    bool made = check_fork(world, request, &edit->next, &failed) &&
                make_fork(world, &edit->next, request, target, &fork, &failed);
    struct history_event event = { .kind = HISTORY_COPIED, .at_ns = edit->now_ns };
    if (made)
        event.other = fork.id;
    if (image_check_present(world, edit->next.config->image, &stuck)) {
        transition_resume_at_once(&edit->next, edit->now_ns);
        event.start = HISTORY_RESUMED_START;
    }

    struct change change = change_of(world);
    const struct instance *copy = NULL;
    change_instance(&change, edit->stored, instance_new_after(mem, &edit->next, event));
    if (made) {
        copy = fork_new(mem, &fork, edit->next.config->id, edit->now_ns);
        change_instance(&change, NULL, copy);
    }
    if (!change_commit(&change, err))
        return false;
    if (!made)
        return report(err, &failed, "restore forked instance before source restore");
    if (stuck.code != ERROR_NONE)
        return report(err, &stuck, "restore source");
    *out = copy; /* the world keeps it alive */
    return true;
}

bool instance_fork(struct world *world, struct text id, const struct fork_request *request,
                   const struct instance **out, struct error *err)
{
    enum instance_state target = INSTANCE_UNKNOWN;
    struct instance_edit edit;
    if (!instance_edit_begin(&edit, world, id, err) ||
        !derive_target(request, edit.next.state, &target, err) ||
        !check_running(world, request, &edit.next, err))
        return false;
    return edit.next.state == INSTANCE_RUNNING ? fork_running(&edit, request, target, out, err)
                                               : fork_at_rest(&edit, request, target, out, err);
}
