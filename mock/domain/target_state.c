#include "mock/domain/target_state.h"

#include <assert.h>
#include <string.h>

#include "mock/domain/bring_up.h"
#include "mock/domain/instance_check.h"
#include "mock/domain/world_state.h"

#define CAN_BE(state) (UINT32_C(1) << (state))

static const struct {
    enum instance_state otherwise;
    uint32_t targets;
    bool may_switch_hypervisor;
} kinds[] = {
    [SNAPSHOT_STANDBY] = { INSTANCE_RUNNING,
                           CAN_BE(INSTANCE_RUNNING) | CAN_BE(INSTANCE_STANDBY) |
                               CAN_BE(INSTANCE_STOPPED),
                           false },
    [SNAPSHOT_STOPPED] = { INSTANCE_STOPPED, CAN_BE(INSTANCE_RUNNING) | CAN_BE(INSTANCE_STOPPED),
                           true },
};
static_assert(ARRAY_LEN(kinds) == SNAPSHOT_KIND_COUNT, "one row per kind");

static bool check_state(const struct snapshot *snapshot, const struct snapshot_target *target,
                        enum instance_state *state, struct error *err)
{
    enum instance_state wanted =
        target->has_state ? target->state : kinds[snapshot->kind].otherwise;
    if ((kinds[snapshot->kind].targets & CAN_BE(wanted)) == 0)
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "target_state",
                               "invalid request: invalid target_state \"%s\" for snapshot kind %s",
                               instance_state_name(wanted), snapshot_kind_name(snapshot->kind));
    *state = wanted;
    return true;
}

static bool check_hypervisor(const struct world *world, const struct snapshot *snapshot,
                             enum hypervisor hypervisor, struct error *err)
{
    if (!kinds[snapshot->kind].may_switch_hypervisor)
        return error_set_field(
            err, ERROR_INVALID_ARGUMENT, "target_hypervisor",
            "invalid request: target_hypervisor is only allowed for stopped snapshots");
    if (!hypervisor_runs_on(hypervisor, world->settings.host))
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "target_hypervisor",
                               "invalid request: unsupported target hypervisor \"%s\"",
                               hypervisor_name(hypervisor));
    struct device_plan plan = instance_device_plan(snapshot->source->config);
    return hypervisor_check_machine(hypervisor, world->settings.host, err) &&
           hypervisor_check_devices(hypervisor, &plan, err);
}

bool target_check(const struct world *world, const struct snapshot *snapshot,
                  const struct snapshot_target *target, enum instance_state *state,
                  struct error *err)
{
    return check_state(snapshot, target, state, err) &&
           (target->hypervisor == HYPERVISOR_UNSET ||
            check_hypervisor(world, snapshot, target->hypervisor, err));
}

bool target_apply(const struct world *world, struct instance *edited, enum instance_state target,
                  int64_t now_ns, struct error *err)
{
    bool is_asleep = edited->state == INSTANCE_STANDBY;
    if (edited->state == target)
        return true;
    if (target == INSTANCE_STOPPED) {
        edited->state =
            INSTANCE_STOPPED; /* its memory is thrown away; no phase ends (INST-J-045) */
        return true;
    }
    if (is_asleep)
        return bring_up_resumed(world, edited, now_ns, err);
    if (!bring_up_cold(world, edited, now_ns, err))
        return false;
    if (target == INSTANCE_RUNNING)
        return true;
    return error_set(err, ERROR_INVALID_STATE,
                     "invalid state transition: cannot standby from state %s",
                     instance_state_name(edited->state));
}

struct history_event target_event(enum history_kind kind, const struct instance *instance,
                                  struct text other)
{
    struct history_event event = { .kind = kind };
    if (instance->state == INSTANCE_INITIALIZING) {
        event.start = HISTORY_COLD_START;
        event.until_ns = instance->running_at_ns;
    } else if (instance->state == INSTANCE_RUNNING) {
        event.start = HISTORY_RESUMED_START;
    }
    assert(other.len == sizeof event.other.chars);
    memcpy(event.other.chars, other.data, sizeof event.other.chars);
    return event;
}
