/* The countdown to Standby: instances.md 16.2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/auto_standby.h"
#include "mock/domain/instance_force.h"
#include "mock/domain/instance_update.h"
#include "mock/domain/instances.h"
#include "mock/domain/power.h"
#include "mock/domain/standby.h"
#include "tests/unit/mock/domain/schedule_fixture.h"

static const struct host_platform linux_host = { HOST_LINUX, HOST_AMD64 };

static struct auto_standby_policy idle_for(int64_t ns)
{
    return (struct auto_standby_policy){ .present = true, .enabled = true, .idle_timeout_ns = ns };
}

/* An instance that may idle for a minute, Running from this moment on. */
struct idle {
    struct fixture *f;
    struct resource_id id;
    int64_t running_ns;
};

static struct idle given(struct fixture *f, const struct instance_request *request)
{
    const struct instance *instance = given_request(f, request);
    struct idle i = { f, id_of(instance), instance->running_at_ns };
    pass(f, i.running_ns - f->fake.now_ns);
    return i;
}

static struct idle given_idle(struct fixture *f)
{
    struct instance_request request = request_for("web");
    request.config.auto_standby = idle_for(MINUTE);
    return given(f, &request);
}

static const struct instance *stored(const struct idle *i)
{
    return instances_find(i->f->world, TEXT_OF(i->id));
}

static struct auto_standby_view view(const struct idle *i)
{
    return auto_standby_view(stored(i), linux_host, i->f->fake.now_ns);
}

static enum instance_state state_of(const struct idle *i)
{
    return state_now(i->f, stored(i));
}

static struct auto_standby_view hold(const struct idle *i)
{
    struct auto_standby_view out;
    struct error err = { 0 };
    bool held = auto_standby_hold(i->f->world, TEXT_OF(i->id), &out, &err);
    assert_string_equal(err.message, "");
    assert_true(held);
    return out;
}

static void connect(const struct idle *i, uint32_t count)
{
    struct error err = { 0 };
    assert_true(auto_standby_set_connections(i->f->world, TEXT_OF(i->id), count, &err));
}

static void patch(const struct idle *i, struct auto_standby_policy policy)
{
    const struct update_request update = { .auto_standby = policy };
    const struct instance *out = NULL;
    struct error err = { 0 };
    assert_true(instance_update(i->f->world, TEXT_OF(i->id), &update, &out, &err));
}

static void force(const struct idle *i, enum instance_state state)
{
    const struct instance *out = NULL;
    struct error err = { 0 };
    assert_true(instance_force_state(i->f->world, TEXT_OF(i->id), state, &out, &err));
}

static void restore(const struct idle *i)
{
    const struct instance *out = NULL;
    struct error err = { 0 };
    assert_true(instance_restore(i->f->world, TEXT_OF(i->id), &out, &err));
}

static void assert_view_is(const struct auto_standby_view *is,
                           const struct auto_standby_view *should)
{
    const struct {
        const char *what;
        int64_t is, should;
    } parts[] = {
        { "supported", is->supported, should->supported },
        { "configured", is->configured, should->configured },
        { "enabled", is->enabled, should->enabled },
        { "eligible", is->eligible, should->eligible },
        { "status", is->status, should->status },
        { "reason", is->reason, should->reason },
        { "active", is->active_inbound_connections, should->active_inbound_connections },
        { "idle_timeout", is->idle_timeout_ns, should->idle_timeout_ns },
        { "idle_since", is->idle_since_ns, should->idle_since_ns },
        { "last_inbound", is->last_inbound_activity_at_ns, should->last_inbound_activity_at_ns },
        { "hold_until", is->hold_until_ns, should->hold_until_ns },
        { "next_standby_at", is->next_standby_at_ns, should->next_standby_at_ns },
        { "countdown", is->countdown_remaining_ns, should->countdown_remaining_ns },
    };
    for (size_t p = 0; p < ARRAY_LEN(parts); p++) {
        if (parts[p].is != parts[p].should)
            fail_msg("%s is %lld, not %lld", parts[p].what, (long long)parts[p].is,
                     (long long)parts[p].should);
    }
    assert_string_equal(is->tracking_mode, "conntrack_events_v4_tcp");
}

static void names_are_those_of_the_contract(void **state)
{
    static const char *const statuses[] = { "unsupported", "disabled",       "ineligible",
                                            "active",      "idle_countdown", "ready_for_standby" };
    static const char *const reasons[] = {
        "unsupported_platform",
        "policy_missing",
        "policy_disabled",
        "instance_not_running",
        "network_disabled",
        "missing_ip",
        "has_vgpu",
        "active_inbound_connections",
        "idle_timeout_not_elapsed",
        "ready_for_standby",
    };
    (void)state;
    for (enum auto_standby_status s = 0; s < AUTO_STANDBY_STATUS_COUNT; s++)
        assert_string_equal(auto_standby_status_name(s), statuses[s]);
    for (enum auto_standby_reason r = 0; r < AUTO_STANDBY_REASON_COUNT; r++)
        assert_string_equal(auto_standby_reason_name(r), reasons[r]);
}

enum fault { NO_POLICY = 1, OFF = 2, NOT_RUNNING = 4, NO_NETWORK = 8, NO_IP = 16, VGPU = 32 };

/* Where several apply, the first row of the contract's table counts. */
static void what_stands_in_the_way_is_told_in_order(void **state)
{
    static const struct {
        int faults;
        enum auto_standby_status status;
        enum auto_standby_reason reason;
    } rows[] = {
        { NO_POLICY | NOT_RUNNING | NO_NETWORK | VGPU, AUTO_STANDBY_DISABLED,
          AUTO_STANDBY_POLICY_MISSING }, /* INST-AS-020 */
        { OFF | NOT_RUNNING | NO_NETWORK | VGPU, AUTO_STANDBY_DISABLED,
          AUTO_STANDBY_POLICY_DISABLED }, /* INST-AS-021 */
        { NOT_RUNNING | NO_NETWORK | NO_IP | VGPU, AUTO_STANDBY_INELIGIBLE,
          AUTO_STANDBY_NOT_RUNNING }, /* INST-AS-022 */
        { NO_NETWORK | NO_IP | VGPU, AUTO_STANDBY_INELIGIBLE,
          AUTO_STANDBY_NETWORK_DISABLED },                                  /* INST-AS-023 */
        { NO_IP | VGPU, AUTO_STANDBY_INELIGIBLE, AUTO_STANDBY_MISSING_IP }, /* INST-AS-024 */
        { VGPU, AUTO_STANDBY_INELIGIBLE, AUTO_STANDBY_HAS_VGPU },           /* INST-AS-025 */
    };
    struct fixture *f = *state;
    for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
        const int faults = rows[r].faults;
        fixture_restart(f, world_settings(f->world));
        struct idle i = given_idle(f);
        struct instance_config config = *stored(&i)->config;
        struct instance at = *stored(&i);
        at.config = &config;
        config.auto_standby.present = (faults & NO_POLICY) == 0;
        config.auto_standby.enabled = (faults & (NO_POLICY | OFF)) == 0;
        if (!config.auto_standby.enabled)
            config.auto_standby.idle_timeout_ns = 0;
        config.network.enabled = (faults & NO_NETWORK) == 0;
        if ((faults & (NO_IP | NO_NETWORK)) != 0)
            at.address = (struct network_address){ 0 };
        if ((faults & VGPU) != 0)
            config.gpu_profile = TEXT("p");
        if ((faults & NOT_RUNNING) != 0)
            at.state = INSTANCE_STOPPED;

        const struct auto_standby_view is = auto_standby_view(&at, linux_host, f->fake.now_ns);
        assert_view_is(&is, &(struct auto_standby_view){
                                .supported = true,
                                .configured = config.auto_standby.present,
                                .enabled = config.auto_standby.enabled,
                                .status = rows[r].status,
                                .reason = rows[r].reason,
                                .idle_timeout_ns = config.auto_standby.idle_timeout_ns,
                            });
        assert_int_equal(auto_standby_due_ns(&at), INT64_MAX);
    }
}

/* INST-AS-022: whatever else it is, it is not Running. */
static void only_a_running_instance_counts_down(void **state)
{
    struct fixture *f = *state;
    for (enum instance_state s = 0; s < INSTANCE_STATE_COUNT; s++) {
        fixture_restart(f, world_settings(f->world));
        struct idle i = given_idle(f);
        force(&i, s);
        if (s == INSTANCE_RUNNING)
            continue;
        assert_int_equal(view(&i).reason, AUTO_STANDBY_NOT_RUNNING);
        if (s == INSTANCE_INITIALIZING) /* but soon */
            continue;
        assert_int_equal(world_next_event_ns(f->world), INT64_MAX);
        pass(f, DAY);
        assert_int_equal(state_of(&i), s);
    }
}

/* INST-AS-029, INST-AS-048, INST-AS-049. */
static void the_countdown_ends_in_standby_at_exactly_its_moment(void **state)
{
    struct fixture *f = *state;
    struct idle i = given_idle(f);
    const int64_t end_ns = i.running_ns + MINUTE;
    struct auto_standby_view should = { .supported = true,
                                        .configured = true,
                                        .enabled = true,
                                        .eligible = true,
                                        .status = AUTO_STANDBY_IDLE_COUNTDOWN,
                                        .reason = AUTO_STANDBY_NOT_ELAPSED,
                                        .idle_timeout_ns = MINUTE,
                                        .idle_since_ns = i.running_ns,
                                        .next_standby_at_ns = end_ns,
                                        .countdown_remaining_ns = MINUTE };
    struct auto_standby_view is = view(&i);
    assert_view_is(&is, &should);
    pass(f, MINUTE - 1);
    should.countdown_remaining_ns = 1;
    is = view(&i);
    assert_view_is(&is, &should);
    assert_int_equal(world_next_event_ns(f->world), end_ns);

    pass(f, HOUR); /* however late one looks */
    const struct instance *asleep = stored(&i);
    assert_int_equal(asleep->state, INSTANCE_STANDBY);
    assert_int_equal(asleep->stopped_at_ns, end_ns);
    assert_int_equal(asleep->phases.current, PHASE_STANDBY);
    assert_int_equal(asleep->phases.since_ns, end_ns);
    assert_true(instance_view(asleep, f->fake.now_ns).has_snapshot);
    assert_int_equal(asleep->history->event.kind, HISTORY_AUTO_STANDBY);
    assert_int_equal(asleep->history->event.at_ns, end_ns);
    assert_int_equal(world_next_event_ns(f->world), INT64_MAX);
    is = view(&i);
    assert_view_is(&is, &(struct auto_standby_view){ .supported = true,
                                                     .configured = true,
                                                     .enabled = true,
                                                     .status = AUTO_STANDBY_INELIGIBLE,
                                                     .reason = AUTO_STANDBY_NOT_RUNNING,
                                                     .idle_timeout_ns = MINUTE });
}

static void a_booting_instance_counts_down_from_its_end_of_boot(void **state)
{
    struct fixture *f = *state;
    struct instance_request request = request_for("web");
    request.config.auto_standby = idle_for(1);
    const struct instance *booting = given_request(f, &request);
    const struct resource_id id = id_of(booting);
    const int64_t end_ns = booting->running_at_ns + 1;
    assert_int_equal(world_next_event_ns(f->world), end_ns);
    pass(f, DAY);
    assert_int_equal(instances_find(f->world, TEXT_OF(id))->stopped_at_ns, end_ns);
}

/* INST-AS-030: as long as the world has not come to it. */
static void past_the_end_it_is_ready(void **state)
{
    struct fixture *f = *state;
    struct idle i = given_idle(f);
    f->fake.now_ns = i.running_ns + MINUTE; /* and nothing happens */
    const struct auto_standby_view is = view(&i);
    assert_view_is(&is, &(struct auto_standby_view){ .supported = true,
                                                     .configured = true,
                                                     .enabled = true,
                                                     .eligible = true,
                                                     .status = AUTO_STANDBY_READY,
                                                     .reason = AUTO_STANDBY_READY_FOR_STANDBY,
                                                     .idle_timeout_ns = MINUTE,
                                                     .idle_since_ns = i.running_ns,
                                                     .next_standby_at_ns = i.running_ns + MINUTE });
}

/* INST-AS-049. */
static void the_countdown_begins_with_the_later_of_run_and_policy(void **state)
{
    struct fixture *f = *state;
    struct idle i = given_idle(f);
    pass(f, MINUTE - 1);
    patch(&i, idle_for(2 * MINUTE));
    assert_int_equal(view(&i).idle_since_ns, f->fake.now_ns);
    pass(f, 2 * MINUTE - 1);
    assert_int_equal(state_of(&i), INSTANCE_RUNNING);
    pass(f, 1);
    assert_int_equal(state_of(&i), INSTANCE_STANDBY);
    pass(f, HOUR);
    restore(&i);
    assert_int_equal(view(&i).idle_since_ns, f->fake.now_ns);
    patch(&i, (struct auto_standby_policy){ .present = true });
    assert_int_equal(world_next_event_ns(f->world), INT64_MAX);
}

/* INST-AS-028. */
static void connections_keep_it_awake(void **state)
{
    struct fixture *f = *state;
    struct idle i = given_idle(f);
    struct auto_standby_view active = { .supported = true,
                                        .configured = true,
                                        .enabled = true,
                                        .eligible = true,
                                        .status = AUTO_STANDBY_ACTIVE,
                                        .reason = AUTO_STANDBY_ACTIVE_CONNECTIONS,
                                        .active_inbound_connections = 2,
                                        .idle_timeout_ns = MINUTE };
    pass(f, NS_PER_SEC);
    const int64_t came_ns = f->fake.now_ns;
    connect(&i, 2);
    pass(f, DAY);
    active.last_inbound_activity_at_ns = came_ns;
    struct auto_standby_view is = view(&i);
    assert_view_is(&is, &active);

    connect(&i, 1); /* one goes: nobody comes */
    pass(f, DAY);
    active.active_inbound_connections = 1;
    is = view(&i);
    assert_view_is(&is, &active);

    connect(&i, 0);
    const int64_t went_ns = f->fake.now_ns;
    is = view(&i);
    assert_int_equal(is.status, AUTO_STANDBY_IDLE_COUNTDOWN);
    assert_int_equal(is.idle_since_ns, went_ns);
    assert_int_equal(is.last_inbound_activity_at_ns, came_ns);
    pass(f, MINUTE - 1);
    assert_int_equal(state_of(&i), INSTANCE_RUNNING);
    pass(f, 1);
    assert_int_equal(state_of(&i), INSTANCE_STANDBY);

    pass(f, HOUR); /* of that run nothing is left in the next */
    restore(&i);
    assert_int_equal(view(&i).last_inbound_activity_at_ns, 0);
    assert_int_equal(view(&i).idle_since_ns, f->fake.now_ns);
}

static void who_is_connected_when_it_wakes_up_counts_as_coming_then(void **state)
{
    struct fixture *f = *state;
    struct idle i = given_idle(f);
    pass(f, DAY);
    connect(&i, 1);
    pass(f, DAY);
    assert_int_equal(state_of(&i), INSTANCE_STANDBY);
    restore(&i);
    assert_int_equal(view(&i).last_inbound_activity_at_ns, f->fake.now_ns);
    pass(f, DAY);
    assert_int_equal(state_of(&i), INSTANCE_RUNNING);
}

/* INST-AS-041, INST-AS-042, INST-AS-047. */
static void a_hold_puts_the_end_off(void **state)
{
    struct fixture *f = *state;
    struct idle i = given_idle(f);
    pass(f, 10 * NS_PER_SEC);
    struct auto_standby_view held = hold(&i);
    const int64_t until_ns = f->fake.now_ns + MINUTE;
    assert_int_equal(held.hold_until_ns, until_ns);
    assert_int_equal(held.next_standby_at_ns, until_ns);
    assert_int_equal(held.countdown_remaining_ns, MINUTE);
    assert_int_equal(held.idle_since_ns, i.running_ns);
    assert_int_equal(held.status, AUTO_STANDBY_IDLE_COUNTDOWN);
    pass(f, MINUTE - 1);
    assert_int_equal(state_of(&i), INSTANCE_RUNNING);

    /* A later one counts, though it may end sooner: the end is then that of the idle time. */
    patch(&i, idle_for(NS_PER_SEC));
    held = hold(&i);
    assert_int_equal(held.hold_until_ns, f->fake.now_ns + NS_PER_SEC);
    assert_int_equal(held.next_standby_at_ns, f->fake.now_ns + NS_PER_SEC);

    /* Connections hold it as well, for longer. */
    connect(&i, 1);
    pass(f, NS_PER_SEC - 1);
    assert_int_equal(view(&i).hold_until_ns, f->fake.now_ns + 1);
    assert_int_equal(view(&i).next_standby_at_ns, 0);
    pass(f, 1);
    assert_int_equal(view(&i).hold_until_ns, 0);
    held = hold(&i);
    assert_int_equal(held.status, AUTO_STANDBY_ACTIVE);
    assert_int_equal(held.hold_until_ns, f->fake.now_ns + NS_PER_SEC);
    connect(&i, 0);
    pass(f, NS_PER_SEC);
    assert_int_equal(state_of(&i), INSTANCE_STANDBY);
}

static void a_hold_ends_with_its_run(void **state)
{
    static const struct start_request no_overrides = { { 0 }, { 0 } };
    struct fixture *f = *state;
    const struct instance *out = NULL;
    struct error err = { 0 };
    struct idle i = given_idle(f);
    hold(&i);
    pass(f, NS_PER_SEC);
    assert_true(
        instance_standby(f->world, TEXT_OF(i.id), &(struct standby_request){ 0 }, &out, &err));
    restore(&i);
    assert_int_equal(view(&i).hold_until_ns, 0);
    hold(&i);
    assert_true(instance_stop(f->world, TEXT_OF(i.id), &out, &err));
    assert_true(instance_start(f->world, TEXT_OF(i.id), &no_overrides, &out, &err));
    pass(f, NS_PER_SEC);
    assert_int_equal(view(&i).hold_until_ns, 0);

    hold(&i); /* but a capture takes no run to its end */
    const int64_t until_ns = f->fake.now_ns + MINUTE;
    pass(f, NS_PER_SEC);
    given_snapshot(f, stored(&i), SNAPSHOT_STANDBY, "s");
    assert_int_equal(view(&i).hold_until_ns, until_ns);
}

/* INST-AS-043. */
static void an_instance_in_standby_cannot_be_held(void **state)
{
    struct fixture *f = *state;
    for (int enabled = 0; enabled < 2; enabled++) {
        fixture_restart(f, world_settings(f->world));
        struct idle i = given_idle(f);
        if (!enabled)
            patch(&i, (struct auto_standby_policy){ .present = true });
        force(&i, INSTANCE_STANDBY);
        const struct instance *before = stored(&i);
        struct auto_standby_view out;
        struct error err = { 0 };
        assert_false(auto_standby_hold(f->world, TEXT_OF(i.id), &out, &err));
        assert_error_is(&err, ERROR_INVALID_STATE,
                        "instance is in standby; restore it before connecting");
        assert_string_equal(err.field, "auto_standby");
        assert_ptr_equal(stored(&i), before);
    }
    struct auto_standby_view out;
    struct error err = { 0 };
    assert_false(auto_standby_hold(f->world, TEXT("nobody"), &out, &err));
    assert_error_is(&err, ERROR_NOT_FOUND, "instance not found");
}

/* INST-AS-045. */
static void where_nothing_counts_down_a_hold_changes_nothing(void **state)
{
    static const struct {
        bool enabled, networked;
        enum instance_state state;
        enum auto_standby_reason reason;
    } rows[] = {
        { false, true, INSTANCE_RUNNING, AUTO_STANDBY_POLICY_DISABLED },
        { true, false, INSTANCE_RUNNING, AUTO_STANDBY_NETWORK_DISABLED },
        { true, true, INSTANCE_STOPPED, AUTO_STANDBY_NOT_RUNNING },
        { true, true, INSTANCE_INITIALIZING, AUTO_STANDBY_NOT_RUNNING },
    };
    struct fixture *f = *state;
    for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
        fixture_restart(f, world_settings(f->world));
        struct instance_request request = request_for("web");
        request.config.network.enabled = rows[r].networked;
        request.config.auto_standby =
            rows[r].enabled ? idle_for(MINUTE) : (struct auto_standby_policy){ .present = true };
        struct idle i = given(f, &request);
        force(&i, rows[r].state);
        const struct instance *before = stored(&i);
        const struct auto_standby_view held = hold(&i);
        assert_int_equal(held.reason, rows[r].reason);
        assert_int_equal(held.hold_until_ns, 0);
        assert_false(held.eligible);
        assert_ptr_equal(stored(&i), before);
    }
}

/* INST-AS-040. */
static void other_hosts_than_linux_do_not_know_it(void **state)
{
    struct fixture *f = *state;
    struct world_settings settings = *world_settings(f->world);
    settings.host = (struct host_platform){ HOST_DARWIN, HOST_ARM64 };
    settings.default_hypervisor = HYPERVISOR_VZ;
    fixture_restart(f, &settings);
    struct idle i = given_idle(f);
    const struct auto_standby_view unsupported = { .configured = true,
                                                   .enabled = true,
                                                   .status = AUTO_STANDBY_UNSUPPORTED,
                                                   .reason = AUTO_STANDBY_UNSUPPORTED_PLATFORM };
    struct auto_standby_view is = auto_standby_view(stored(&i), settings.host, f->fake.now_ns);
    assert_view_is(&is, &unsupported);
    is = hold(&i); /* INST-AS-045 */
    assert_view_is(&is, &unsupported);
    assert_int_equal(world_next_event_ns(f->world), INT64_MAX);
    pass(f, DAY);
    assert_int_equal(state_of(&i), INSTANCE_RUNNING);
}

static void several_go_each_at_its_moment(void **state)
{
    struct fixture *f = *state;
    struct resource_id ids[3];
    int64_t ends[3];
    static const char *const names[] = { "a", "b", "c" };
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        struct instance_request request = request_for(names[i]);
        request.config.auto_standby = idle_for((i == 1 ? 3 : 1) * MINUTE);
        const struct instance *instance = given_request(f, &request);
        ids[i] = id_of(instance);
        ends[i] = instance->running_at_ns + (i == 1 ? 3 : 1) * MINUTE;
    }
    assert_int_equal(world_next_event_ns(f->world), ends[0]);
    pass(f, DAY);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        assert_int_equal(instances_find(f->world, TEXT_OF(ids[i]))->stopped_at_ns, ends[i]);
}

/* A change may put the end into the past: then it comes at once, and not before the change. */
static void an_end_in_the_past_comes_at_the_moment_of_the_change(void **state)
{
    struct fixture *f = *state;
    struct idle i = given_idle(f);
    force(&i, INSTANCE_PAUSED);
    pass(f, HOUR);
    force(&i, INSTANCE_RUNNING);
    const int64_t forced_ns = f->fake.now_ns;
    pass(f, HOUR);
    assert_int_equal(stored(&i)->state, INSTANCE_STANDBY);
    assert_int_equal(stored(&i)->stopped_at_ns, forced_ns);
}

static void without_memory_it_stays_awake_and_goes_later(void **state)
{
    struct fixture *f = *state;
    struct idle i = given_idle(f);
    struct instance_filter all = { 0 };
    struct instance_cursor open; /* makes the trees shared, so that paths must be copied */
    instance_cursor_open(&open, f->world, &all);
    const struct instance *before = stored(&i);
    f->fake.now_ns += HOUR;
    size_t failures = 0;
    for (;; failures++) {
        f->fake.allowed = failures;
        world_advance(f->world);
        f->fake.allowed = FAKE_ENV_NEVER_FAILS;
        if (stored(&i) != before)
            break;
        assert_int_equal(view(&i).status, AUTO_STANDBY_READY);
    }
    assert_in_range(failures, 3, 20);
    assert_int_equal(stored(&i)->stopped_at_ns, i.running_ns + MINUTE);
    instance_cursor_close(&open);
}

static void holds_and_connections_come_whole_or_not_at_all(void **state)
{
    struct fixture *f = *state;
    struct idle i = given_idle(f);
    const struct instance *before = stored(&i);
    struct auto_standby_view out = { 0 };
    size_t failures = 0;
    for (bool done = false; !done; failures++) {
        struct error err = { 0 };
        f->fake.allowed = failures;
        done = auto_standby_hold(f->world, TEXT_OF(i.id), &out, &err);
        f->fake.allowed = FAKE_ENV_NEVER_FAILS;
        if (!done) {
            assert_error_is(&err, ERROR_NO_MEMORY, "out of memory");
            assert_ptr_equal(stored(&i), before);
        }
    }
    assert_in_range(failures, 2, 10);
    before = stored(&i);
    failures = 0;
    for (bool done = false; !done; failures++) {
        struct error err = { 0 };
        f->fake.allowed = failures;
        done = auto_standby_set_connections(f->world, TEXT_OF(i.id), 1, &err);
        f->fake.allowed = FAKE_ENV_NEVER_FAILS;
        if (!done) {
            assert_error_is(&err, ERROR_NO_MEMORY, "out of memory");
            assert_ptr_equal(stored(&i), before);
        }
    }
    assert_in_range(failures, 3, 10);
    before = stored(&i);
    connect(&i, 1); /* nothing to do */
    assert_ptr_equal(stored(&i), before);
    struct error err = { 0 };
    assert_false(auto_standby_set_connections(f->world, TEXT("nobody"), 1, &err));
    assert_error_is(&err, ERROR_NOT_FOUND, "instance not found");
}

#define ON_WORLD(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_those_of_the_contract),
        ON_WORLD(what_stands_in_the_way_is_told_in_order),
        ON_WORLD(only_a_running_instance_counts_down),
        ON_WORLD(the_countdown_ends_in_standby_at_exactly_its_moment),
        ON_WORLD(a_booting_instance_counts_down_from_its_end_of_boot),
        ON_WORLD(past_the_end_it_is_ready),
        ON_WORLD(the_countdown_begins_with_the_later_of_run_and_policy),
        ON_WORLD(connections_keep_it_awake),
        ON_WORLD(who_is_connected_when_it_wakes_up_counts_as_coming_then),
        ON_WORLD(a_hold_puts_the_end_off),
        ON_WORLD(a_hold_ends_with_its_run),
        ON_WORLD(an_instance_in_standby_cannot_be_held),
        ON_WORLD(where_nothing_counts_down_a_hold_changes_nothing),
        ON_WORLD(other_hosts_than_linux_do_not_know_it),
        ON_WORLD(several_go_each_at_its_moment),
        ON_WORLD(an_end_in_the_past_comes_at_the_moment_of_the_change),
        ON_WORLD(without_memory_it_stays_awake_and_goes_later),
        ON_WORLD(holds_and_connections_come_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
