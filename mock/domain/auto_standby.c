#include "mock/domain/auto_standby.h"

#include <assert.h>

#include "common/base/checked.h"
#include "mock/domain/instance_edit.h"
#include "mock/domain/instance_hooks.h"
#include "mock/domain/instance_record.h"
#include "mock/domain/transition.h"
#include "mock/domain/transition_control.h"
#include "mock/domain/world_state.h"

static const char *const status_names[] = {
    [AUTO_STANDBY_UNSUPPORTED] = "unsupported",       [AUTO_STANDBY_DISABLED] = "disabled",
    [AUTO_STANDBY_INELIGIBLE] = "ineligible",         [AUTO_STANDBY_ACTIVE] = "active",
    [AUTO_STANDBY_IDLE_COUNTDOWN] = "idle_countdown", [AUTO_STANDBY_READY] = "ready_for_standby",
};
static_assert(ARRAY_LEN(status_names) == AUTO_STANDBY_STATUS_COUNT, "one name per status");

static const char *const reason_names[] = {
    [AUTO_STANDBY_UNSUPPORTED_PLATFORM] = "unsupported_platform",
    [AUTO_STANDBY_POLICY_MISSING] = "policy_missing",
    [AUTO_STANDBY_POLICY_DISABLED] = "policy_disabled",
    [AUTO_STANDBY_NOT_RUNNING] = "instance_not_running",
    [AUTO_STANDBY_NETWORK_DISABLED] = "network_disabled",
    [AUTO_STANDBY_MISSING_IP] = "missing_ip",
    [AUTO_STANDBY_HAS_VGPU] = "has_vgpu",
    [AUTO_STANDBY_ACTIVE_CONNECTIONS] = "active_inbound_connections",
    [AUTO_STANDBY_NOT_ELAPSED] = "idle_timeout_not_elapsed",
    [AUTO_STANDBY_READY_FOR_STANDBY] = "ready_for_standby",
};
static_assert(ARRAY_LEN(reason_names) == AUTO_STANDBY_REASON_COUNT, "one name per reason");

const char *auto_standby_status_name(enum auto_standby_status status)
{
    return status_names[status];
}

const char *auto_standby_reason_name(enum auto_standby_reason reason)
{
    return reason_names[reason];
}

/* --- what stands in the way --------------------------------------------------------------- */

static bool has_no_policy(const struct instance *instance)
{
    return !instance->config->auto_standby.present;
}

static bool is_off(const struct instance *instance)
{
    return !instance->config->auto_standby.enabled;
}

static bool is_not_running(const struct instance *instance)
{
    return instance->state != INSTANCE_RUNNING;
}

static bool has_no_network(const struct instance *instance)
{
    return !instance->config->network.enabled;
}

static bool has_no_ip(const struct instance *instance)
{
    return !network_has_address(&instance->address);
}

static bool has_vgpu(const struct instance *instance)
{
    return instance->config->gpu_profile.len > 0;
}

struct obstacle {
    bool (*is_there)(const struct instance *instance);
    enum auto_standby_status status;
    enum auto_standby_reason reason;
};

/* INST-AS-020 to INST-AS-025, in that order. */
static const struct obstacle obstacles[] = {
    { has_no_policy, AUTO_STANDBY_DISABLED, AUTO_STANDBY_POLICY_MISSING },
    { is_off, AUTO_STANDBY_DISABLED, AUTO_STANDBY_POLICY_DISABLED },
    { is_not_running, AUTO_STANDBY_INELIGIBLE, AUTO_STANDBY_NOT_RUNNING },
    { has_no_network, AUTO_STANDBY_INELIGIBLE, AUTO_STANDBY_NETWORK_DISABLED },
    { has_no_ip, AUTO_STANDBY_INELIGIBLE, AUTO_STANDBY_MISSING_IP },
    { has_vgpu, AUTO_STANDBY_INELIGIBLE, AUTO_STANDBY_HAS_VGPU },
};

/* NULL: none. */
static const struct obstacle *find_obstacle(const struct instance *instance)
{
    for (size_t i = 0; i < ARRAY_LEN(obstacles); i++) {
        if (obstacles[i].is_there(instance))
            return &obstacles[i];
    }
    return NULL;
}

/* --- the countdown of a Running instance -------------------------------------------------- */

static int64_t idle_since_ns(const struct instance *instance)
{
    int64_t since_ns =
        i64_max(instance_running_since_ns(instance), instance->config->auto_standby.since_ns);
    return instance->hooks == NULL ? since_ns : i64_max(since_ns, instance->hooks->idle_since_ns);
}

static int64_t countdown_end_ns(const struct instance *instance)
{
    int64_t idle_ns = instance->config->auto_standby.idle_timeout_ns;
    return i64_max(i64_add_capped(idle_since_ns(instance), idle_ns), instance->hold_until_ns);
}

/* Of this run only: who is connected when it begins counts as coming then. */
static int64_t last_inbound_ns(const struct instance *instance)
{
    struct instance_hooks hooks = instance_hooks_of(instance);
    int64_t since_ns = instance_running_since_ns(instance);
    bool any = hooks.connections > 0 || hooks.idle_since_ns > since_ns;
    return any ? i64_max(hooks.connected_at_ns, since_ns) : 0;
}

/* --- looking ------------------------------------------------------------------------------ */

static void add_countdown(struct auto_standby_view *view, const struct instance *instance,
                          int64_t now_ns)
{
    int64_t end_ns = countdown_end_ns(instance);
    bool is_ahead = end_ns > now_ns;
    view->idle_since_ns = idle_since_ns(instance);
    view->next_standby_at_ns = end_ns;
    view->countdown_remaining_ns = is_ahead ? end_ns - now_ns : 0;
    view->status = is_ahead ? AUTO_STANDBY_IDLE_COUNTDOWN : AUTO_STANDBY_READY;
    view->reason = is_ahead ? AUTO_STANDBY_NOT_ELAPSED : AUTO_STANDBY_READY_FOR_STANDBY;
}

/* INST-AS-028 to INST-AS-030. */
static void add_eligible(struct auto_standby_view *view, const struct instance *instance,
                         int64_t now_ns)
{
    view->eligible = true;
    view->active_inbound_connections = instance_hooks_of(instance).connections;
    view->last_inbound_activity_at_ns = last_inbound_ns(instance);
    if (instance->hold_until_ns > now_ns) /* INST-AS-047 */
        view->hold_until_ns = instance->hold_until_ns;
    if (view->active_inbound_connections == 0) {
        add_countdown(view, instance, now_ns);
    } else {
        view->status = AUTO_STANDBY_ACTIVE;
        view->reason = AUTO_STANDBY_ACTIVE_CONNECTIONS;
    }
}

/* instance  settled */
static struct auto_standby_view view_of(const struct instance *instance, struct host_platform host,
                                        int64_t now_ns)
{
    const struct auto_standby_policy *policy = &instance->config->auto_standby;
    struct auto_standby_view view = {
        .supported = host.os == HOST_LINUX,
        .configured = policy->present,
        .enabled = policy->enabled,
        .status = AUTO_STANDBY_UNSUPPORTED,
        .reason = AUTO_STANDBY_UNSUPPORTED_PLATFORM,
        .tracking_mode = "conntrack_events_v4_tcp",
    };
    if (!view.supported) /* INST-AS-040 */
        return view;
    const struct obstacle *obstacle = find_obstacle(instance);
    view.idle_timeout_ns = policy->idle_timeout_ns;
    if (obstacle == NULL) {
        add_eligible(&view, instance, now_ns);
    } else {
        view.status = obstacle->status;
        view.reason = obstacle->reason;
    }
    return view;
}

struct auto_standby_view auto_standby_view(const struct instance *instance,
                                           struct host_platform host, int64_t now_ns)
{
    struct instance at = *instance;
    instance_settle(&at, now_ns);
    return view_of(&at, host, now_ns);
}

/* --- holding and connecting --------------------------------------------------------------- */

bool auto_standby_hold(struct world *world, struct text id, struct auto_standby_view *out,
                       struct error *err)
{
    const struct host_platform host = world->settings.host;
    struct instance_edit edit;
    if (!instance_edit_begin(&edit, world, id, err))
        return false;
    if (edit.next.state == INSTANCE_STANDBY)
        return error_set_field(err, ERROR_INVALID_STATE, "auto_standby",
                               "instance is in standby; restore it before connecting");
    if (view_of(&edit.next, host, edit.now_ns).eligible) {
        edit.next.hold_until_ns =
            i64_add_capped(edit.now_ns, edit.next.config->auto_standby.idle_timeout_ns);
        if (!instance_edit_keep(&edit, NULL, err))
            return false;
    }
    *out = view_of(&edit.next, host, edit.now_ns);
    return true;
}

bool auto_standby_set_connections(struct world *world, struct text id, uint32_t count,
                                  struct error *err)
{
    struct instance_edit edit;
    if (!instance_edit_begin(&edit, world, id, err))
        return false;
    struct instance_hooks hooks = instance_hooks_of(&edit.next);
    if (hooks.connections == count)
        return true;
    if (count > hooks.connections)
        hooks.connected_at_ns = edit.now_ns;
    if (count == 0)
        hooks.idle_since_ns = edit.now_ns;
    hooks.connections = count;
    return instance_hooks_commit(&edit, &hooks, err);
}

/* --- going -------------------------------------------------------------------------------- */

int64_t auto_standby_due_ns(const struct instance *instance)
{
    if (!instance->config->auto_standby.enabled || transition_boot_is_held(instance) ||
        transition_is_held(instance, TRANSITION_STANDBY))
        return INT64_MAX;
    struct instance at = *instance;
    if (at.state == INSTANCE_INITIALIZING)
        instance_settle(&at, at.running_at_ns);
    bool is_connected = at.hooks != NULL && at.hooks->connections > 0;
    return is_connected || find_obstacle(&at) != NULL ? INT64_MAX : countdown_end_ns(&at);
}

static const struct instance *first(const struct world *world)
{
    struct cow_cursor cursor;
    cow_cursor_seek(&cursor, &world->instances.maps[INSTANCES_BY_STANDBY], (struct cow_key){ 0 });
    return cow_cursor_next(&cursor);
}

int64_t auto_standby_next_ns(const struct world *world)
{
    const struct instance *instance =
        world->settings.host.os == HOST_LINUX ? first(world) : NULL; /* INST-AS-040 */
    return instance == NULL ? INT64_MAX : auto_standby_due_ns(instance);
}

/* On Linux each hypervisor can, and who has a vGPU is no candidate. */
static bool put_in_standby(struct world *world, struct text id, struct error *err)
{
    struct instance_hooks room;
    struct instance_edit edit;
    if (!instance_edit_begin(&edit, world, id, err))
        return false;
    instance_hooks_use_pass(&edit.next, TRANSITION_STANDBY, &room);
    transition_standby(&edit.next, edit.now_ns);
    return instance_edit_commit(&edit, (struct history_event){ .kind = HISTORY_AUTO_STANDBY }, NULL,
                                err);
}

bool auto_standby_run(struct world *world)
{
    const int64_t now_ns = world_now_ns(world);
    while (auto_standby_next_ns(world) <= now_ns) {
        struct error no_memory = { 0 };
        if (!put_in_standby(world, first(world)->config->id, &no_memory))
            return false;
    }
    return true;
}
