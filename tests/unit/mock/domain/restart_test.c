/* Guests that end by themselves and what restart policies make of it: instances.md 18. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "mock/domain/guest_exit.h"
#include "mock/domain/health.h"
#include "mock/domain/image.h"
#include "mock/domain/instance_fork.h"
#include "mock/domain/instance_update.h"
#include "mock/domain/instances.h"
#include "mock/domain/power.h"
#include "mock/domain/restart.h"
#include "mock/domain/snapshot_restore.h"
#include "mock/domain/standby.h"
#include "tests/unit/mock/domain/schedule_fixture.h"

#define SECOND  NS_PER_SEC
#define BACKOFF (5 * SECOND)
#define STABLE  (600 * SECOND)
#define BOOT    (250 * NS_PER_MS)
#define PROBE   HEALTH_PROBE_LATENCY_NS

/* An instance with a restart policy, Running for a second. */
struct guest {
    struct fixture *f;
    struct resource_id id;
};

static struct guest given(struct fixture *f, const struct instance_request *request)
{
    struct guest g = { f, id_of(given_request(f, request)) };
    pass(f, SECOND);
    return g;
}

static struct guest given_guest(struct fixture *f, struct restart_policy policy)
{
    struct instance_request request = request_for("web");
    request.config.restart = policy;
    return given(f, &request);
}

/* The world of --truth server. */
static void given_restart_at_once(struct fixture *f)
{
    struct world_settings settings = *world_settings(f->world);
    settings.quirks.restart_at_once = true;
    fixture_restart(f, &settings);
}

static const struct instance *stored(const struct guest *g)
{
    return instances_find(g->f->world, TEXT_OF(g->id));
}

static struct instance_view view(const struct guest *g)
{
    return instance_view(stored(g), g->f->fake.now_ns);
}

static void guest_exits(const struct guest *g, int32_t code)
{
    const struct instance *out = NULL;
    struct error err = { 0 };
    bool ended = instance_guest_exit(g->f->world, TEXT_OF(g->id), code, &out, &err);
    assert_string_equal(err.message, "");
    assert_true(ended);
    assert_ptr_equal(out, stored(g));
}

static void patch(const struct guest *g, struct restart_policy policy)
{
    const struct update_request update = { .has_restart = true, .restart = policy };
    const struct instance *out = NULL;
    struct error err = { 0 };
    assert_true(instance_update(g->f->world, TEXT_OF(g->id), &update, &out, &err));
}

static void start(const struct guest *g)
{
    const struct instance *out = NULL;
    struct error err = { 0 };
    assert_true(
        instance_start(g->f->world, TEXT_OF(g->id), &(struct start_request){ 0 }, &out, &err));
}

static void stop(const struct guest *g)
{
    const struct instance *out = NULL;
    struct error err = { 0 };
    assert_true(instance_stop(g->f->world, TEXT_OF(g->id), &out, &err));
}

static void image_is(const struct guest *g, enum image_condition condition)
{
    struct error err = { 0 };
    assert_true(world_set_image(g->f->world, TEXT("alpine"), condition, &err));
}

static void assert_status_is(const struct guest *g, struct restart_status should)
{
    const struct restart_status is = view(g).restart;
    const struct {
        const char *what;
        int64_t is, should;
    } parts[] = {
        { "attempts", is.attempts, should.attempts },
        { "blocked_reason", is.blocked, should.blocked },
        { "last_reason", is.last_reason, should.last_reason },
        { "last_attempt_at", is.last_attempt_at_ns, should.last_attempt_at_ns },
        { "next_attempt_at", is.next_attempt_at_ns, should.next_attempt_at_ns },
    };
    for (size_t p = 0; p < ARRAY_LEN(parts); p++) {
        if (parts[p].is != parts[p].should)
            fail_msg("%s is %lld, not %lld", parts[p].what, (long long)parts[p].is,
                     (long long)parts[p].should);
    }
    assert_int_equal(restart_status_equal(&is, &should), true);
}

static const struct restart_status nothing = { 0 };

/* INST-G-004, INST-J-043. */
static void a_guest_that_ends_leaves_all_but_state_and_exit_as_it_was(void **state)
{
    static const struct {
        int32_t code;
        const char *text;
    } rows[] = {
        { 0, "success" },
        { 1, "exit code 1" },
        { 126, "permission denied (command not executable)" },
        { 127, "command not found" },
        { 137, "killed by signal 9 (killed)" },
        { 139, "killed by signal 11 (segmentation fault)" },
    };
    struct fixture *f = *state;
    for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
        fixture_restart(f, world_settings(f->world));
        struct guest g = given_guest(f, restart_policy(RESTART_NEVER));
        const struct instance before = *stored(&g);
        const struct instance_view seen = view(&g);
        guest_exits(&g, rows[r].code);
        const struct instance *after = stored(&g);
        assert_int_equal(after->state, INSTANCE_STOPPED);
        assert_true(after->has_exit_code);
        assert_int_equal(after->exit_code, rows[r].code);
        assert_string_equal(instance_exit_text(after).text, rows[r].text);
        assert_int_equal(after->stopped_at_ns, 0);
        assert_int_equal(after->started_at_ns, before.started_at_ns);
        assert_int_equal(after->phases.current, PHASE_RUNNING);
        assert_int_equal(after->phases.since_ns, seen.phases.since_ns);
        assert_true(network_same_address(&after->address, &before.address));
        assert_int_equal(after->history->event.kind, HISTORY_EXITED);
        assert_int_equal(after->history->event.exit_code, rows[r].code);
        assert_int_equal(world_capacity_use(f->world).used[CAPACITY_CPU], 0);
        assert_status_is(&g, nothing);
        assert_int_equal(world_next_event_ns(f->world), INT64_MAX);
    }
}

static void only_a_guest_that_is_up_can_end(void **state)
{
    static const bool may[] = {
        [INSTANCE_INITIALIZING] = true, [INSTANCE_RUNNING] = true, [INSTANCE_UNKNOWN] = false
    };
    struct fixture *f = *state;
    for (enum instance_state s = 0; s < INSTANCE_STATE_COUNT; s++) {
        struct instance_request request = request_for(instance_state_name(s));
        const struct instance *before = given_state(f, &request, s);
        const struct instance *out = NULL;
        struct error err = { 0 };
        char message[64];
        assert_int_equal(instance_guest_exit(f->world, before->config->id, 1, &out, &err), may[s]);
        if (may[s])
            continue;
        snprintf(message, sizeof message, "no guest is running: the instance is %s",
                 instance_state_name(s));
        assert_error_is(&err, ERROR_INVALID_STATE, message);
        assert_ptr_equal(instances_find(f->world, before->config->id), before);
    }
    const struct instance *out = NULL;
    struct error err = { 0 };
    assert_false(instance_guest_exit(f->world, TEXT("nobody"), 1, &out, &err));
    assert_error_is(&err, ERROR_NOT_FOUND, "instance not found");
}

/* INST-RP-006. */
static void the_policy_decides_after_which_exits_it_is_started_again(void **state)
{
    static const struct {
        enum restart_policy_kind kind;
        int32_t code;
        bool restarts;
    } rows[] = {
        { RESTART_NEVER, 0, false },      { RESTART_NEVER, 1, false },
        { RESTART_ALWAYS, 0, true },      { RESTART_ALWAYS, 1, true },
        { RESTART_ON_FAILURE, 0, false }, { RESTART_ON_FAILURE, 1, true },
    };
    struct fixture *f = *state;
    for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
        fixture_restart(f, world_settings(f->world));
        struct guest g = given_guest(f, restart_policy(rows[r].kind));
        guest_exits(&g, rows[r].code);
        const int64_t due_ns = rows[r].restarts ? f->fake.now_ns + BACKOFF : INT64_MAX;
        assert_int_equal(world_next_event_ns(f->world), due_ns);
        assert_status_is(&g, rows[r].restarts
                                 ? (struct restart_status){ .next_attempt_at_ns = due_ns }
                                 : nothing);
        pass(f, HOUR);
        assert_int_equal(view(&g).state, rows[r].restarts ? INSTANCE_RUNNING : INSTANCE_STOPPED);
    }
}

/* INST-RP-006: started as by POST /start, but for the status. */
static void a_restart_is_a_cold_boot_at_exactly_its_moment(void **state)
{
    struct fixture *f = *state;
    struct guest g = given_guest(f, restart_policy(RESTART_ALWAYS));
    const struct network_address before = stored(&g)->address;
    guest_exits(&g, 3);
    const int64_t due_ns = f->fake.now_ns + BACKOFF;
    pass(f, BACKOFF - 1);
    assert_int_equal(view(&g).state, INSTANCE_STOPPED);
    pass(f, 1 + BOOT / 2);
    const struct instance *again = stored(&g);
    assert_int_equal(again->state, INSTANCE_INITIALIZING);
    assert_int_equal(again->started_at_ns, due_ns);
    assert_int_equal(again->running_at_ns, due_ns + BOOT);
    assert_false(again->has_exit_code);
    assert_int_equal(again->phases.current, PHASE_INITIALIZING);
    assert_false(network_same_address(&again->address, &before));
    assert_int_equal(again->history->event.kind, HISTORY_RESTARTED);
    assert_int_equal(again->history->event.start, HISTORY_COLD_START);
    assert_int_equal(again->history->event.at_ns, due_ns);
    assert_int_equal(again->history->event.until_ns, due_ns + BOOT);
    assert_status_is(&g, (struct restart_status){ .attempts = 1, .last_attempt_at_ns = due_ns });
    assert_int_equal(world_next_event_ns(f->world), INT64_MAX);
}

/* INST-RP-007: as described, before each attempt; as the server does, not before the first. */
static void backoff_keeps_attempts_apart(void **state)
{
    static const struct {
        bool at_once;
        int64_t up;            /* after the first restart, until the next exit */
        int64_t first, second; /* from exit to restart                         */
    } rows[] = {
        { false, SECOND, BACKOFF, BACKOFF },        { false, HOUR, BACKOFF, BACKOFF },
        { true, SECOND, SECOND, BACKOFF - SECOND }, { true, BACKOFF - SECOND, SECOND, SECOND },
        { true, 60 * SECOND, SECOND, SECOND },
    };
    struct fixture *f = *state;
    for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
        struct world_settings settings = *world_settings(f->world);
        settings.quirks.restart_at_once = rows[r].at_once;
        fixture_restart(f, &settings);
        struct guest g = given_guest(f, restart_policy(RESTART_ALWAYS));
        guest_exits(&g, 1);
        assert_int_equal(world_next_event_ns(f->world), f->fake.now_ns + rows[r].first);
        pass(f, rows[r].first);
        pass(f, rows[r].up);
        guest_exits(&g, 1);
        assert_int_equal(world_next_event_ns(f->world), f->fake.now_ns + rows[r].second);
        assert_int_equal(view(&g).restart.next_attempt_at_ns, f->fake.now_ns + rows[r].second);
        pass(f, rows[r].second);
        assert_int_equal(view(&g).state, INSTANCE_INITIALIZING);
    }
}

/* INST-RP-008. */
static void used_up_attempts_end_it_until_somebody_starts_it(void **state)
{
    struct fixture *f = *state;
    struct restart_policy policy = restart_policy(RESTART_ALWAYS);
    policy.max_attempts = 2;
    struct guest g = given_guest(f, policy);
    for (uint32_t i = 1; i <= 2; i++) {
        guest_exits(&g, 1);
        pass(f, BACKOFF + SECOND);
        assert_int_equal(view(&g).state, INSTANCE_RUNNING);
        assert_int_equal(view(&g).restart.attempts, i);
    }
    const int64_t last_ns = f->fake.now_ns - SECOND;
    guest_exits(&g, 1);
    const struct restart_status blocked = { .attempts = 2,
                                            .blocked = RESTART_MAX_ATTEMPTS_EXCEEDED,
                                            .last_attempt_at_ns = last_ns };
    assert_status_is(&g, blocked);
    assert_int_equal(world_next_event_ns(f->world), INT64_MAX);
    pass(f, DAY);
    assert_int_equal(view(&g).state, INSTANCE_STOPPED);
    assert_status_is(&g, blocked);

    start(&g); /* INST-RP-005 */
    assert_status_is(&g, nothing);
    pass(f, SECOND);
    guest_exits(&g, 1);
    pass(f, BACKOFF);
    assert_int_equal(view(&g).restart.attempts, 1);
}

/* INST-RP-009. */
static void a_stable_run_forgets_the_attempts(void **state)
{
    struct fixture *f = *state;
    struct guest g = given_guest(f, restart_policy(RESTART_ALWAYS));
    guest_exits(&g, 1);
    pass(f, BACKOFF);
    const struct restart_status once = { .attempts = 1, .last_attempt_at_ns = f->fake.now_ns };
    pass(f, STABLE - 1);
    assert_status_is(&g, once);
    pass(f, 1);
    assert_status_is(&g, nothing);

    guest_exits(&g, 1); /* so the next one is the first again */
    pass(f, BACKOFF);
    assert_int_equal(view(&g).restart.attempts, 1);
    pass(f, STABLE);

    /* Once forgotten, it stays forgotten when the run is over. */
    const struct instance *out = NULL;
    struct error err = { 0 };
    assert_true(
        instance_standby(f->world, TEXT_OF(g.id), &(struct standby_request){ 0 }, &out, &err));
    assert_status_is(&g, nothing);
}

static void an_unfinished_run_forgets_nothing(void **state)
{
    struct fixture *f = *state;
    struct guest g = given_guest(f, restart_policy(RESTART_ALWAYS));
    const struct instance *out = NULL;
    struct error err = { 0 };
    guest_exits(&g, 1);
    pass(f, BACKOFF);
    const struct restart_status once = { .attempts = 1, .last_attempt_at_ns = f->fake.now_ns };
    pass(f, STABLE - 1);
    assert_true(
        instance_standby(f->world, TEXT_OF(g.id), &(struct standby_request){ 0 }, &out, &err));
    pass(f, DAY);
    assert_status_is(&g, once);
}

/* INST-RP-004. */
static void a_stop_by_hand_ends_it(void **state)
{
    const struct restart_status by_hand = { .blocked = RESTART_MANUAL_STOP };
    struct fixture *f = *state;
    struct guest g = given_guest(f, restart_policy(RESTART_ALWAYS));
    stop(&g);
    assert_status_is(&g, by_hand);
    assert_int_equal(world_next_event_ns(f->world), INT64_MAX);

    start(&g);
    pass(f, SECOND);
    guest_exits(&g, 1); /* also while a restart is ahead */
    stop(&g);
    assert_status_is(&g, by_hand);
    pass(f, DAY);
    assert_int_equal(view(&g).state, INSTANCE_STOPPED);
}

/* INST-U-018. */
static void a_policy_that_comes_after_the_exit_acts_at_once(void **state)
{
    struct fixture *f = *state;
    struct guest g = given_guest(f, restart_policy(RESTART_NEVER));
    guest_exits(&g, 1);
    pass(f, HOUR);
    patch(&g, restart_policy(RESTART_ON_FAILURE));
    const int64_t patched_ns = f->fake.now_ns;
    assert_status_is(&g, nothing);
    pass(f, HOUR);
    assert_int_equal(stored(&g)->started_at_ns, patched_ns);

    guest_exits(&g, 0);
    pass(f, HOUR);
    patch(&g, restart_policy(RESTART_ON_FAILURE)); /* it has succeeded */
    assert_int_equal(world_next_event_ns(f->world), INT64_MAX);
    stop(&g); /* and this is a stop by hand */
    patch(&g, restart_policy(RESTART_ALWAYS));
    assert_int_equal(world_next_event_ns(f->world), INT64_MAX);
}

static void what_was_stopped_or_never_ran_is_not_started(void **state)
{
    struct fixture *f = *state;
    struct guest stopped = given_guest(f, restart_policy(RESTART_NEVER));
    stop(&stopped);
    patch(&stopped, restart_policy(RESTART_ALWAYS));
    const struct fork_request request = { .name = TEXT("copy") };
    const struct instance *copy = NULL;
    struct error err = { 0 };
    assert_true(instance_fork(f->world, TEXT_OF(stopped.id), &request, &copy, &err));
    assert_int_equal(copy->config->restart.kind, RESTART_ALWAYS); /* INST-RP-011 */
    assert_int_equal(world_next_event_ns(f->world), INT64_MAX);
}

/* INST-RP-011. */
static void a_fork_has_the_policy_and_none_of_the_status(void **state)
{
    struct fixture *f = *state;
    struct guest g = given_guest(f, restart_policy(RESTART_ALWAYS));
    guest_exits(&g, 1);
    pass(f, MINUTE);
    const struct fork_request request = { .name = TEXT("copy"), .from_running = true };
    const struct instance *copy = NULL;
    struct error err = { 0 };
    assert_int_equal(view(&g).restart.attempts, 1);
    assert_true(instance_fork(f->world, TEXT_OF(g.id), &request, &copy, &err));
    assert_int_equal(copy->config->restart.kind, RESTART_ALWAYS);
    assert_true(restart_status_equal(&copy->restart, &nothing));
    assert_int_equal(view(&g).restart.attempts, 1);
}

/* A start that fails counts, and another one follows after the backoff. */
static void a_restart_that_fails_is_tried_again(void **state)
{
    struct fixture *f = *state;
    struct restart_policy policy = restart_policy(RESTART_ALWAYS);
    policy.max_attempts = 3;
    for (int tries = 2; tries <= 3; tries++) {
        fixture_restart(f, world_settings(f->world));
        struct guest g = given_guest(f, policy);
        image_is(&g, IMAGE_MISSING);
        guest_exits(&g, 1);
        pass(f, BACKOFF);
        struct restart_status status = { .attempts = 1,
                                         .last_attempt_at_ns = f->fake.now_ns,
                                         .next_attempt_at_ns = f->fake.now_ns + BACKOFF };
        assert_status_is(&g, status);
        assert_int_equal(view(&g).state, INSTANCE_STOPPED);
        assert_int_equal(stored(&g)->exit_code, 1);
        assert_int_equal(stored(&g)->phases.current, PHASE_RUNNING);
        assert_int_equal(stored(&g)->history->event.kind, HISTORY_RESTARTED);
        assert_int_equal(stored(&g)->history->event.start, HISTORY_NO_START);
        pass(f, BACKOFF);
        assert_int_equal(view(&g).restart.attempts, 2);
        if (tries == 2)
            image_is(&g, IMAGE_READY);
        pass(f, BACKOFF);
        assert_int_equal(view(&g).restart.attempts, 3);
        pass(f, BACKOFF);
        assert_int_equal(view(&g).restart.attempts, 3);
        assert_int_equal(view(&g).state, tries == 2 ? INSTANCE_RUNNING : INSTANCE_STOPPED);
        assert_int_equal(view(&g).restart.blocked,
                         tries == 2 ? RESTART_NOT_BLOCKED : RESTART_MAX_ATTEMPTS_EXCEEDED);
    }
}

static void attempts_stay_apart_however_short_the_backoff(void **state)
{
    struct fixture *f = *state;
    struct restart_policy policy = restart_policy(RESTART_ALWAYS);
    policy.backoff_ns = 1;
    struct guest g = given_guest(f, policy);
    image_is(&g, IMAGE_MISSING);
    guest_exits(&g, 1);
    pass(f, HOUR);
    assert_int_equal(view(&g).restart.attempts, 3600);
}

/* --- health -------------------------------------------------------------------------------- */

static struct guest given_checked(struct fixture *f, struct restart_policy policy)
{
    struct instance_request request = request_for("web");
    request.config.restart = policy;
    request.config.health_check = http_check();
    request.config.health_check.start_period_ns = 0;
    request.config.health_check.failure_threshold = 1;
    return given(f, &request);
}

static void probes_fail(const struct guest *g, bool failing)
{
    struct error err = { 0 };
    assert_true(health_set_failing(g->f->world, TEXT_OF(g->id), failing, &err));
}

/* INST-RP-010. */
static void what_is_unhealthy_is_stopped_and_started(void **state)
{
    static const struct {
        enum restart_policy_kind kind;
        bool restarts;
    } rows[] = { { RESTART_NEVER, false }, { RESTART_ALWAYS, true }, { RESTART_ON_FAILURE, true } };
    struct fixture *f = *state;
    for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
        fixture_restart(f, world_settings(f->world));
        struct guest g = given_checked(f, restart_policy(rows[r].kind));
        const int64_t running_ns = view(&g).phases.since_ns;
        const int64_t unhealthy_ns = running_ns + PROBE + 10 * SECOND;
        probes_fail(&g, true);
        assert_int_equal(world_next_event_ns(f->world),
                         rows[r].restarts ? unhealthy_ns : INT64_MAX);
        pass(f, unhealthy_ns - f->fake.now_ns);
        const struct instance *after = stored(&g);
        if (!rows[r].restarts) {
            assert_int_equal(view(&g).health.status, HEALTH_UNHEALTHY);
            assert_int_equal(view(&g).state, INSTANCE_RUNNING);
            continue;
        }
        assert_int_equal(view(&g).state, INSTANCE_INITIALIZING);
        assert_int_equal(view(&g).health.status, HEALTH_STARTING);
        assert_int_equal(after->stopped_at_ns, unhealthy_ns);
        assert_int_equal(after->started_at_ns, unhealthy_ns);
        assert_false(after->has_exit_code);
        assert_int_equal(after->history->event.kind, HISTORY_RESTARTED);
        assert_status_is(&g, (struct restart_status){ .attempts = 1,
                                                      .last_reason = RESTART_HEALTH_CHECK_FAILED,
                                                      .last_attempt_at_ns = unhealthy_ns });
    }
}

static void an_exit_is_no_health_check(void **state)
{
    struct fixture *f = *state;
    struct guest g = given_checked(f, restart_policy(RESTART_ALWAYS));
    probes_fail(&g, true);
    pass(f, 12 * SECOND);
    probes_fail(&g, false);
    assert_int_equal(view(&g).restart.last_reason, RESTART_HEALTH_CHECK_FAILED);
    guest_exits(&g, 1);
    pass(f, BACKOFF);
    assert_status_is(
        &g, (struct restart_status){ .attempts = 2, .last_attempt_at_ns = f->fake.now_ns });
}

/* INST-RP-007, INST-RP-008, INST-RP-009 for the health check. */
static void an_unhealthy_instance_uses_up_its_attempts_too(void **state)
{
    struct fixture *f = *state;
    struct restart_policy policy = restart_policy(RESTART_ALWAYS);
    policy.max_attempts = 2;
    struct guest g = given_checked(f, policy);
    probes_fail(&g, true);
    pass(f, world_next_event_ns(f->world) - f->fake.now_ns);
    assert_int_equal(view(&g).restart.attempts, 1);
    pass(f, BACKOFF - 1); /* unhealthy soon after its boot, and not restarted before that */
    assert_int_equal(view(&g).health.status, HEALTH_UNHEALTHY);
    assert_int_equal(view(&g).restart.attempts, 1);
    pass(f, 1);
    const int64_t last_ns = f->fake.now_ns;
    assert_int_equal(view(&g).restart.attempts, 2);
    pass(f, BACKOFF);
    assert_status_is(&g, (struct restart_status){ .attempts = 2,
                                                  .blocked = RESTART_MAX_ATTEMPTS_EXCEEDED,
                                                  .last_reason = RESTART_HEALTH_CHECK_FAILED,
                                                  .last_attempt_at_ns = last_ns });
    assert_int_equal(view(&g).state, INSTANCE_RUNNING); /* up, if not well */
    assert_int_equal(world_next_event_ns(f->world), last_ns + STABLE);
    pass(f, STABLE - BACKOFF);
    assert_status_is(&g, (struct restart_status){ .attempts = 1,
                                                  .last_reason = RESTART_HEALTH_CHECK_FAILED,
                                                  .last_attempt_at_ns = last_ns + STABLE });
}

static void a_restart_of_the_unhealthy_that_fails_leaves_it_stopped(void **state)
{
    struct fixture *f = *state;
    struct guest g = given_checked(f, restart_policy(RESTART_ON_FAILURE));
    probes_fail(&g, true);
    image_is(&g, IMAGE_MISSING);
    pass(f, world_next_event_ns(f->world) - f->fake.now_ns);
    assert_int_equal(view(&g).state, INSTANCE_STOPPED);
    assert_int_equal(stored(&g)->exit_code, 143);
    assert_int_equal(stored(&g)->history->event.kind, HISTORY_STOPPED);
    assert_int_equal(stored(&g)->history->event.exit_code, 143);
    assert_status_is(&g, (struct restart_status){ .attempts = 1,
                                                  .last_reason = RESTART_HEALTH_CHECK_FAILED,
                                                  .last_attempt_at_ns = f->fake.now_ns,
                                                  .next_attempt_at_ns = f->fake.now_ns + BACKOFF });
    image_is(&g, IMAGE_READY);
    pass(f, BACKOFF);
    assert_int_equal(view(&g).state, INSTANCE_INITIALIZING);
    assert_status_is(&g, (struct restart_status){ .attempts = 2,
                                                  .last_reason = RESTART_HEALTH_CHECK_FAILED,
                                                  .last_attempt_at_ns = f->fake.now_ns });
}

static void a_policy_that_comes_to_the_unhealthy_acts_at_once(void **state)
{
    struct fixture *f = *state;
    struct guest g = given_checked(f, restart_policy(RESTART_NEVER));
    probes_fail(&g, true);
    pass(f, HOUR);
    patch(&g, restart_policy(RESTART_ALWAYS));
    const int64_t patched_ns = f->fake.now_ns;
    pass(f, SECOND);
    assert_int_equal(stored(&g)->started_at_ns, patched_ns);
}

/* --- memory -------------------------------------------------------------------------------- */

static void without_memory_a_restart_comes_later_and_as_if_in_time(void **state)
{
    struct fixture *f = *state;
    struct guest g = given_guest(f, restart_policy(RESTART_ALWAYS));
    struct instance_filter all = { 0 };
    struct instance_cursor open; /* makes the trees shared, so that paths must be copied */
    guest_exits(&g, 1);
    const int64_t due_ns = f->fake.now_ns + BACKOFF;
    instance_cursor_open(&open, f->world, &all);
    const struct instance *before = stored(&g);
    f->fake.now_ns += HOUR;
    size_t failures = 0;
    for (;; failures++) {
        f->fake.allowed = failures;
        world_advance(f->world);
        f->fake.allowed = FAKE_ENV_NEVER_FAILS;
        if (stored(&g) != before)
            break;
    }
    assert_in_range(failures, 3, 20);
    assert_int_equal(stored(&g)->started_at_ns, due_ns);
    instance_cursor_close(&open);
}

static void an_exit_happens_whole_or_not_at_all(void **state)
{
    struct fixture *f = *state;
    struct guest g = given_guest(f, restart_policy(RESTART_ALWAYS));
    const struct instance *before = stored(&g);
    const struct instance *out = NULL;
    size_t failures = 0;
    for (bool done = false; !done; failures++) {
        struct error err = { 0 };
        f->fake.allowed = failures;
        done = instance_guest_exit(f->world, TEXT_OF(g.id), 1, &out, &err);
        f->fake.allowed = FAKE_ENV_NEVER_FAILS;
        if (!done) {
            assert_error_is(&err, ERROR_NO_MEMORY, "out of memory");
            assert_ptr_equal(stored(&g), before);
            assert_null(out);
        }
    }
    assert_in_range(failures, 3, 20);
}

static void the_server_does_not_wait_before_the_first_restart(void **state)
{
    struct fixture *f = *state;
    given_restart_at_once(f);
    struct restart_policy policy = restart_policy(RESTART_ALWAYS);
    policy.backoff_ns = DAY;
    struct guest g = given_guest(f, policy);
    guest_exits(&g, 1);
    pass(f, 5 * SECOND); /* its check cycle */
    assert_int_equal(view(&g).state, INSTANCE_RUNNING);
}

#define ON_WORLD(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_WORLD(a_guest_that_ends_leaves_all_but_state_and_exit_as_it_was),
        ON_WORLD(only_a_guest_that_is_up_can_end),
        ON_WORLD(the_policy_decides_after_which_exits_it_is_started_again),
        ON_WORLD(a_restart_is_a_cold_boot_at_exactly_its_moment),
        ON_WORLD(backoff_keeps_attempts_apart),
        ON_WORLD(the_server_does_not_wait_before_the_first_restart),
        ON_WORLD(used_up_attempts_end_it_until_somebody_starts_it),
        ON_WORLD(a_stable_run_forgets_the_attempts),
        ON_WORLD(an_unfinished_run_forgets_nothing),
        ON_WORLD(a_stop_by_hand_ends_it),
        ON_WORLD(a_policy_that_comes_after_the_exit_acts_at_once),
        ON_WORLD(what_was_stopped_or_never_ran_is_not_started),
        ON_WORLD(a_fork_has_the_policy_and_none_of_the_status),
        ON_WORLD(a_restart_that_fails_is_tried_again),
        ON_WORLD(attempts_stay_apart_however_short_the_backoff),
        ON_WORLD(what_is_unhealthy_is_stopped_and_started),
        ON_WORLD(an_exit_is_no_health_check),
        ON_WORLD(an_unhealthy_instance_uses_up_its_attempts_too),
        ON_WORLD(a_restart_of_the_unhealthy_that_fails_leaves_it_stopped),
        ON_WORLD(a_policy_that_comes_to_the_unhealthy_acts_at_once),
        ON_WORLD(without_memory_a_restart_comes_later_and_as_if_in_time),
        ON_WORLD(an_exit_happens_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
