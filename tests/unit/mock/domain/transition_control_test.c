/* Transitions that a test holds, steps, releases or makes fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "mock/domain/auto_standby.h"
#include "mock/domain/history.h"
#include "mock/domain/instance_log.h"
#include "mock/domain/instances.h"
#include "mock/domain/power.h"
#include "mock/domain/schedules.h"
#include "mock/domain/snapshot_force.h"
#include "mock/domain/snapshots.h"
#include "mock/domain/transition_control.h"
#include "tests/unit/mock/domain/scene.h"
#include "tests/unit/mock/domain/world_check.h"

#define HOUR_NS (3600 * NS_PER_SEC)

static enum instance_state state_of(const struct scene *s)
{
    return state_now(s->f, scene_stored(s));
}

static void pass_time(const struct scene *s, int64_t ns)
{
    s->f->fake.now_ns += ns;
    world_advance(s->f->world);
}

/* --- doing it, with success ------------------------------------------------------------------ */

static void hold(const struct scene *s, enum transition transition)
{
    struct error err = { 0 };
    assert_done(transition_hold(s->f->world, scene_id(s), transition, &err), &err);
}

static void step(const struct scene *s, enum transition transition)
{
    struct error err = { 0 };
    assert_done(transition_step(s->f->world, scene_id(s), transition, &err), &err);
}

static void release(const struct scene *s, enum transition transition)
{
    struct error err = { 0 };
    assert_done(transition_release(s->f->world, scene_id(s), transition, &err), &err);
}

static void break_it(const struct scene *s, enum transition transition, bool always)
{
    struct error err = { 0 };
    assert_done(transition_fail(s->f->world, scene_id(s), transition, always, &err), &err);
}

static void delay(const struct scene *s, enum transition transition, int64_t delay_ns)
{
    struct error err = { 0 };
    assert_done(transition_delay(s->f->world, scene_id(s), transition, delay_ns, &err), &err);
}

static void refused(const struct scene *s, enum transition transition, const char *message)
{
    struct error err = { 0 };
    assert_false(transition_step(s->f->world, scene_id(s), transition, &err));
    assert_error_is(&err, ERROR_INVALID_STATE, message);
}

/* --- boots ----------------------------------------------------------------------------------- */

/* One that is booting, with a boot of 250 ms. */
static struct scene booting(struct fixture *f)
{
    struct scene s = scene_in(f, INSTANCE_STOPPED);
    (void)scene_do(&s, do_start);
    assert_int_equal(state_of(&s), INSTANCE_INITIALIZING);
    return s;
}

static size_t app_lines(const struct scene *s)
{
    struct instance_log log;
    struct log_line line;
    struct error err = { 0 };
    size_t count = 0;
    assert_done(instance_log_open(&log, scene_stored(s), LOG_APP, s->f->fake.now_ns, &err), &err);
    while (instance_log_next(&log, &line))
        count++;
    return count;
}

static void a_held_boot_goes_on_when_it_is_released_and_not_before(void **state)
{
    struct scene s = booting(*state);
    hold(&s, TRANSITION_BOOT);
    pass_time(&s, 1000 * HOUR_NS);
    assert_int_equal(state_of(&s), INSTANCE_INITIALIZING);
    assert_true(transition_boot_is_held(scene_stored(&s)));
    assert_int_equal(app_lines(&s), 1);

    release(&s, TRANSITION_BOOT);
    assert_int_equal(state_of(&s), INSTANCE_RUNNING);
    assert_true(app_lines(&s) > 5);
    struct instance_view view = instance_view(scene_stored(&s), s.f->fake.now_ns);
    assert_int_equal(view.phases.since_ns, s.f->fake.now_ns);
    assert_null(scene_stored(&s)->hooks); /* as if nothing had been asked for */
    (void)scene_do(&s, do_stop);
    (void)scene_do(&s, do_start);
    pass_time(&s, NS_PER_SEC);
    assert_int_equal(state_of(&s), INSTANCE_RUNNING);
}

static void a_step_lets_one_boot_go_on_and_the_next_is_held_again(void **state)
{
    struct scene s = scene_in(*state, INSTANCE_STOPPED);
    hold(&s, TRANSITION_BOOT);
    refused(&s, TRANSITION_BOOT, "no boot of the instance is held");
    for (int i = 0; i < 2; i++) {
        (void)scene_do(&s, do_start);
        pass_time(&s, HOUR_NS);
        assert_int_equal(state_of(&s), INSTANCE_INITIALIZING);
        step(&s, TRANSITION_BOOT);
        assert_int_equal(state_of(&s), INSTANCE_RUNNING);
        (void)scene_do(&s, do_stop);
    }
}

static void a_boot_fails_as_a_guest_that_exits(void **state) /* INST-G-004, INST-J-043 */
{
    struct scene s = scene_in(*state, INSTANCE_STOPPED);
    break_it(&s, TRANSITION_BOOT, false);
    (void)scene_do(&s, do_start);
    pass_time(&s, 249 * NS_PER_MS);
    assert_int_equal(state_of(&s), INSTANCE_INITIALIZING);
    pass_time(&s, NS_PER_MS);
    assert_int_equal(state_of(&s), INSTANCE_STOPPED);
    assert_true(scene_stored(&s)->has_exit_code);
    assert_int_equal(scene_stored(&s)->exit_code, 1);
    (void)scene_do(&s, do_start); /* once */
    pass_time(&s, NS_PER_SEC);
    assert_int_equal(state_of(&s), INSTANCE_RUNNING);
}

static void a_boot_in_progress_fails_at_once_held_or_not(void **state)
{
    for (int held = 0; held < 2; held++) {
        struct scene s = booting(*state);
        if (held)
            hold(&s, TRANSITION_BOOT);
        break_it(&s, TRANSITION_BOOT, false);
        assert_int_equal(state_of(&s), INSTANCE_STOPPED);
        assert_int_equal(scene_stored(&s)->exit_code, 1);
        assert_int_equal(transition_wish_of(scene_stored(&s), TRANSITION_BOOT).failure,
                         TRANSITION_SUCCEEDS);
        (void)scene_do(&s, do_delete);
    }
}

static void boots_fail_until_they_are_released_and_the_restart_policy_sees_it(void **state)
{
    struct fixture *f = *state;
    struct instance_request request = request_for("vm");
    request.config.restart = restart_policy(RESTART_ON_FAILURE);
    request.config.restart.max_attempts = 3;
    struct scene s = scene_running(f, &request);
    (void)scene_do(&s, do_stop);
    break_it(&s, TRANSITION_BOOT, true);
    (void)scene_do(&s, do_start);
    pass_time(&s, HOUR_NS);
    assert_int_equal(state_of(&s), INSTANCE_STOPPED);
    assert_int_equal(scene_stored(&s)->restart.attempts, 3); /* INST-RP-008 */
    assert_int_equal(scene_stored(&s)->restart.blocked, RESTART_MAX_ATTEMPTS_EXCEEDED);
    release(&s, TRANSITION_BOOT);
    (void)scene_do(&s, do_start);
    pass_time(&s, NS_PER_SEC);
    assert_int_equal(state_of(&s), INSTANCE_RUNNING);
}

static void a_stepped_boot_that_is_to_fail_does(void **state)
{
    struct scene s = scene_in(*state, INSTANCE_STOPPED);
    hold(&s, TRANSITION_BOOT);
    break_it(&s, TRANSITION_BOOT, true);
    (void)scene_do(&s, do_start);
    pass_time(&s, HOUR_NS);
    assert_int_equal(state_of(&s), INSTANCE_INITIALIZING);
    step(&s, TRANSITION_BOOT);
    assert_int_equal(state_of(&s), INSTANCE_STOPPED);
    (void)scene_do(&s, do_start);
    release(&s, TRANSITION_BOOT); /* of its failing too */
    assert_int_equal(state_of(&s), INSTANCE_RUNNING);
}

static void a_boot_takes_the_time_that_is_asked_for(void **state)
{
    struct scene s = scene_in(*state, INSTANCE_STOPPED);
    struct error err = { 0 };
    delay(&s, TRANSITION_BOOT, 12 * NS_PER_SEC);
    (void)scene_do(&s, do_start);
    pass_time(&s, 12 * NS_PER_SEC - 1);
    assert_int_equal(state_of(&s), INSTANCE_INITIALIZING);
    pass_time(&s, 1);
    assert_int_equal(state_of(&s), INSTANCE_RUNNING);
    assert_false(transition_delay(s.f->world, scene_id(&s), TRANSITION_STOP, 1, &err));
    assert_error_is(&err, ERROR_INVALID_STATE,
                    "only a boot and a compression take time of the world's clock");
}

/* --- what requests ask for ------------------------------------------------------------------- */

static const struct {
    enum transition transition;
    enum instance_state from, to;
    operation *run;
    const char *failure;
} requested[] = {
    { TRANSITION_STANDBY, INSTANCE_RUNNING, INSTANCE_STANDBY, do_standby,
      "standby failed: a test asked for it" },
    { TRANSITION_RESTORE, INSTANCE_STANDBY, INSTANCE_RUNNING, do_restore,
      "restore failed: a test asked for it" },
    { TRANSITION_STOP, INSTANCE_RUNNING, INSTANCE_STOPPED, do_stop,
      "stop failed: a test asked for it" },
};

static bool is_held(const struct scene *s, enum transition transition)
{
    return transition_is_held(scene_stored(s), transition);
}

static void a_request_is_held_but_for_those_that_are_let_through(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(requested); i++) {
        const enum transition transition = requested[i].transition;
        struct scene s = scene_in(*state, requested[i].from);
        assert_false(is_held(&s, transition));
        refused(&s, transition,
                (const char *[]){ "no standby of the instance is held",
                                  "no restore of the instance is held",
                                  "no stop of the instance is held" }[i]);
        hold(&s, transition);
        assert_true(is_held(&s, transition));
        step(&s, transition);
        assert_false(is_held(&s, transition));
        (void)scene_do(&s, requested[i].run); /* uses it up */
        assert_int_equal(state_of(&s), requested[i].to);
        assert_true(is_held(&s, transition));
        release(&s, transition);
        assert_false(is_held(&s, transition));
        (void)scene_do(&s, do_delete);
    }
}

static void a_request_fails_once_or_until_it_is_released(void **state) /* INST-X-031 */
{
    for (size_t i = 0; i < ARRAY_LEN(requested); i++) {
        const enum transition transition = requested[i].transition;
        const struct instance *out = NULL;
        struct scene s = scene_in(*state, requested[i].from);
        break_it(&s, transition, true);
        for (int times = 0; times < 3; times++) {
            struct error err = { 0 };
            assert_false(requested[i].run(&s, &out, &err));
            assert_error_is(&err, ERROR_INTERNAL, requested[i].failure);
            assert_int_equal(state_of(&s), requested[i].from);
        }
        release(&s, transition);
        break_it(&s, transition, false);
        struct error err = { 0 };
        assert_false(requested[i].run(&s, &out, &err));
        assert_int_equal(err.code, ERROR_INTERNAL);
        assert_null(scene_stored(&s)->hooks);
        (void)scene_do(&s, requested[i].run);
        assert_int_equal(state_of(&s), requested[i].to);
        (void)scene_do(&s, do_delete);
    }
}

static void a_held_request_that_is_made_to_fail_waits_no_longer(void **state)
{
    struct scene s = scene_in(*state, INSTANCE_RUNNING);
    const struct instance *out = NULL;
    struct error err = { 0 };
    hold(&s, TRANSITION_STANDBY);
    break_it(&s, TRANSITION_STANDBY, false);
    assert_false(is_held(&s, TRANSITION_STANDBY));
    assert_false(do_standby(&s, &out, &err));
    assert_true(is_held(&s, TRANSITION_STANDBY)); /* the next */
}

static void a_snapshot_that_cannot_be_restored_leaves_its_disk(void **state) /* SNAP-R-028 */
{
    struct scene s = scene_in(*state, INSTANCE_STOPPED);
    const struct instance *out = NULL;
    struct error err = { 0 };
    break_it(&s, TRANSITION_RESTORE, false);
    assert_false(do_restore_snapshot(&s, &out, &err));
    assert_error_is(&err, ERROR_INTERNAL, "restore failed: a test asked for it");
    assert_int_equal(state_of(&s), INSTANCE_STANDBY);
    (void)scene_do(&s, do_restore_snapshot);
    assert_int_equal(state_of(&s), INSTANCE_RUNNING);
}

static void a_held_standby_holds_back_the_policy_too(void **state) /* INST-AS-028 */
{
    struct fixture *f = *state;
    struct instance_request request = request_for("vm");
    request.config.auto_standby = (struct auto_standby_policy){
        .present = true, .enabled = true, .idle_timeout_ns = 60 * NS_PER_SEC
    };
    struct scene s = scene_running(f, &request);
    hold(&s, TRANSITION_STANDBY);
    pass_time(&s, HOUR_NS);
    assert_int_equal(state_of(&s), INSTANCE_RUNNING);
    step(&s, TRANSITION_STANDBY);
    pass_time(&s, 0);
    assert_int_equal(state_of(&s), INSTANCE_STANDBY);
    assert_int_equal(scene_stored(&s)->stopped_at_ns, f->fake.now_ns); /* now, not when due */
    (void)scene_do(&s, do_restore);
    pass_time(&s, HOUR_NS);
    assert_int_equal(state_of(&s), INSTANCE_RUNNING);
}

/* --- compression ----------------------------------------------------------------------------- */

static const struct snapshot *capture(const struct scene *s, const struct transition_wish *wish)
{
    const struct snapshot_request request = {
        .kind = SNAPSHOT_STANDBY,
        .compression = { .present = true, .enabled = true, .level = COMPRESSION_LEVEL_UNSET },
        .wish = wish,
    };
    const struct snapshot *snapshot = NULL;
    struct error err = { 0 };
    assert_done(snapshot_create(s->f->world, scene_id(s), &request, &snapshot, &err), &err);
    return snapshot;
}

static enum compression_state compression_of(const struct scene *s, const struct snapshot *snapshot)
{
    return snapshot_view(snapshot, s->f->fake.now_ns).state;
}

static void compressions_of_an_instance_are_held_and_go_on_at_the_snapshot(void **state)
{
    struct scene s = scene_in(*state, INSTANCE_RUNNING);
    struct error err = { 0 };
    hold(&s, TRANSITION_COMPRESSION);
    refused(&s, TRANSITION_COMPRESSION, "a compression goes on at its snapshot");
    const struct snapshot *snapshot = capture(&s, NULL);
    pass_time(&s, HOUR_NS);
    assert_int_equal(compression_of(&s, snapshot), COMPRESSION_STATE_COMPRESSING);
    assert_true(snapshot_is_held(snapshot));
    assert_done(snapshot_end_compression(s.f->world, snapshot->id, &snapshot, &err), &err);
    assert_int_equal(compression_of(&s, snapshot), COMPRESSION_STATE_COMPRESSED);
    assert_false(snapshot_end_compression(s.f->world, snapshot->id, &snapshot, &err));
    assert_error_is(&err, ERROR_INVALID_STATE, "the compression of the snapshot is not held");
}

static void a_snapshots_own_wish_comes_first(void **state)
{
    static const struct transition_wish slow = { .has_delay = true, .delay_ns = 5 * NS_PER_SEC };
    struct scene s = scene_in(*state, INSTANCE_RUNNING);
    hold(&s, TRANSITION_COMPRESSION);
    const struct snapshot *snapshot = capture(&s, &slow);
    pass_time(&s, 5 * NS_PER_SEC - 1);
    assert_int_equal(compression_of(&s, snapshot), COMPRESSION_STATE_COMPRESSING);
    pass_time(&s, 1);
    assert_int_equal(compression_of(&s, snapshot), COMPRESSION_STATE_COMPRESSED);
}

static void a_compression_fails_in_its_time_and_once(void **state) /* COMP-025 */
{
    static const enum instance_state sources[] = { INSTANCE_RUNNING, INSTANCE_STANDBY };
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        struct scene s = scene_in(*state, sources[i]);
        break_it(&s, TRANSITION_COMPRESSION, false);
        const struct snapshot *first = capture(&s, NULL);
        const struct snapshot *second = capture(&s, NULL);
        assert_int_equal(compression_of(&s, first), COMPRESSION_STATE_COMPRESSING);
        pass_time(&s, HOUR_NS);
        struct snapshot_view view = snapshot_view(first, s.f->fake.now_ns);
        assert_int_equal(view.state, COMPRESSION_STATE_ERROR);
        assert_int_equal(view.size_bytes, first->size_bytes);
        assert_int_equal(view.compressed_size_bytes, 0);
        assert_int_equal(compression_of(&s, second), COMPRESSION_STATE_COMPRESSED);
        (void)scene_do(&s, do_delete);
    }
}

/* --- schedules ------------------------------------------------------------------------------- */

static const struct schedule *schedule_of(const struct scene *s)
{
    const struct schedule *schedule = NULL;
    struct error err = { 0 };
    assert_done(schedules_get(s->f->world, scene_id(s), &schedule, &err), &err);
    return schedule;
}

static struct scene scheduled(struct fixture *f)
{
    const struct schedule_settings settings = { .interval_ns = HOUR_NS, .max_count = 5 };
    struct scene s = scene_in(f, INSTANCE_RUNNING);
    const struct schedule *out = NULL;
    struct error err = { 0 };
    assert_done(schedules_set(f->world, scene_id(&s), &settings, &out, &err), &err);
    return s;
}

static void a_held_run_happens_when_it_is_stepped_or_released(void **state)
{
    struct scene s = scheduled(*state);
    hold(&s, TRANSITION_SCHEDULE);
    refused(&s, TRANSITION_SCHEDULE, "no run of a schedule is held");
    pass_time(&s, 10 * HOUR_NS);
    assert_int_equal(schedule_of(&s)->last_run_at_ns, 0);
    step(&s, TRANSITION_SCHEDULE);
    assert_int_equal(schedule_of(&s)->last_run_at_ns, s.f->fake.now_ns);
    assert_true(schedule_of(&s)->last_snapshot_id.len > 0);
    pass_time(&s, 10 * HOUR_NS);
    assert_true(schedule_of(&s)->last_run_at_ns < s.f->fake.now_ns);
    release(&s, TRANSITION_SCHEDULE);
    pass_time(&s, 0);
    assert_int_equal(schedule_of(&s)->last_run_at_ns, s.f->fake.now_ns);
}

static void a_run_fails_once_and_says_so(void **state) /* SCHED-T-009, SCHED-T-016 */
{
    struct scene s = scheduled(*state);
    break_it(&s, TRANSITION_SCHEDULE, false);
    pass_time(&s, 2 * HOUR_NS);
    assert_text_is(schedule_of(&s)->last_error, "copy guest directory: no space left on device");
    assert_int_equal(schedule_of(&s)->last_snapshot_id.len, 0);
    pass_time(&s, HOUR_NS);
    assert_int_equal(schedule_of(&s)->last_error.len, 0);
    assert_true(schedule_of(&s)->last_snapshot_id.len > 0);
}

static void a_held_run_that_is_made_to_fail_does_so_at_once(void **state)
{
    struct scene s = scheduled(*state);
    hold(&s, TRANSITION_SCHEDULE);
    pass_time(&s, 2 * HOUR_NS);
    break_it(&s, TRANSITION_SCHEDULE, false);
    assert_int_equal(schedule_of(&s)->last_run_at_ns, s.f->fake.now_ns);
    assert_true(schedule_of(&s)->last_error.len > 0);
}

/* --- without memory -------------------------------------------------------------------------- */

typedef bool asking(const struct scene *s, struct error *err);

static bool ask_hold(const struct scene *s, struct error *err)
{
    return transition_hold(s->f->world, scene_id(s), TRANSITION_BOOT, err);
}

static bool ask_step(const struct scene *s, struct error *err)
{
    return transition_step(s->f->world, scene_id(s), TRANSITION_BOOT, err);
}

static bool ask_release(const struct scene *s, struct error *err)
{
    return transition_release(s->f->world, scene_id(s), TRANSITION_BOOT, err);
}

static bool ask_fail(const struct scene *s, struct error *err)
{
    return transition_fail(s->f->world, scene_id(s), TRANSITION_BOOT, true, err);
}

static bool ask_delay(const struct scene *s, struct error *err)
{
    return transition_delay(s->f->world, scene_id(s), TRANSITION_BOOT, 7, err);
}

static bool ask_failing_standby(const struct scene *s, struct error *err)
{
    struct error failure = { 0 };
    const struct instance *out = NULL;
    return do_stop(s, &out, &failure) || failure.code == ERROR_INTERNAL ||
           error_set(err, failure.code, "%s", failure.message);
}

static bool ask_run(const struct scene *s, struct error *err)
{
    return transition_step(s->f->world, scene_id(s), TRANSITION_SCHEDULE, err);
}

static struct scene held(struct fixture *f)
{
    struct scene s = booting(f);
    hold(&s, TRANSITION_BOOT);
    return s;
}

static struct scene stop_fails(struct fixture *f)
{
    struct scene s = booting(f);
    break_it(&s, TRANSITION_STOP, false);
    return s;
}

static struct scene run_is_held(struct fixture *f)
{
    struct scene s = scheduled(f);
    hold(&s, TRANSITION_SCHEDULE);
    pass_time(&s, 2 * HOUR_NS);
    return s;
}

static void each_is_done_whole_or_not_at_all(void **state)
{
    static const struct {
        struct scene (*begin)(struct fixture *f);
        asking *ask;
    } cases[] = {
        { booting, ask_hold },
        { held, ask_step },
        { held, ask_release },
        { held, ask_fail },
        { booting, ask_fail },
        { booting, ask_delay },
        { stop_fails, ask_failing_standby },
        { run_is_held, ask_run },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct scene s = cases[i].begin(f);
        bool done = false;
        for (size_t failures = 0; !done; failures++) {
            struct buffer before = world_text(f->world);
            struct error err = { 0 };
            f->fake.allowed = failures;
            done = cases[i].ask(&s, &err);
            f->fake.allowed = FAKE_ENV_NEVER_FAILS;
            struct buffer after = world_text(f->world);
            if (!done) {
                assert_int_equal(err.code, ERROR_NO_MEMORY);
                assert_true(text_equal(buffer_text(&before), buffer_text(&after)));
            }
            assert_world_is_sound(f->world);
            buffer_fini(&before);
            buffer_fini(&after);
        }
        (void)scene_do(&s, do_delete);
    }
}

static void a_boot_whose_failure_lacks_memory_fails_later(void **state)
{
    struct fixture *f = *state;
    struct scene s = scene_in(f, INSTANCE_STOPPED);
    break_it(&s, TRANSITION_BOOT, false);
    (void)scene_do(&s, do_start);
    f->fake.allowed = 0;
    pass_time(&s, HOUR_NS);
    assert_int_equal(state_of(&s), INSTANCE_INITIALIZING); /* never Running in between */
    f->fake.allowed = FAKE_ENV_NEVER_FAILS;
    pass_time(&s, 1);
    assert_int_equal(state_of(&s), INSTANCE_STOPPED);
}

/* --- what stays ------------------------------------------------------------------------------ */

static void a_fork_of_the_world_keeps_them_and_a_fork_of_the_instance_does_not(void **state)
{
    struct fixture *f = *state;
    struct scene s = held(f);
    struct error err = { 0 };
    struct world *copy = world_fork(f->world, &f->fake.env);
    assert_non_null(copy);
    release(&s, TRANSITION_BOOT);
    const struct instance *theirs = instances_find(copy, scene_id(&s));
    assert_true(transition_boot_is_held(theirs));
    assert_done(transition_release(copy, scene_id(&s), TRANSITION_BOOT, &err), &err);
    world_free(copy);

    hold(&s, TRANSITION_STOP);
    s.fork = (struct fork_request){ .name = TEXT("copy"), .from_running = true };
    assert_null(scene_do(&s, do_fork)->hooks);
}

static void an_instance_is_made_with_them(void **state)
{
    static const struct transition_plan plan = { .of[TRANSITION_BOOT] = { .held = true } };
    struct fixture *f = *state;
    struct instance_request request = request_for("vm");
    request.plan = &plan;
    const struct instance *made = given_request(f, &request);
    assert_true(transition_boot_is_held(made));
}

static void nobody_has_none(void **state)
{
    static bool (*const asked[])(struct world *, struct text, enum transition,
                                 struct error *) = { transition_hold, transition_step,
                                                     transition_release };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
        struct error err = { 0 };
        assert_false(asked[i](f->world, TEXT("nobody"), TRANSITION_BOOT, &err));
        assert_error_is(&err, ERROR_NOT_FOUND, "instance not found");
    }
}

static void names_are_read_and_written(void **state)
{
    (void)state;
    for (enum transition t = 0; t < TRANSITION_COUNT; t++) {
        enum transition back = TRANSITION_COUNT;
        assert_true(transition_parse(text_of(transition_name(t)), &back));
        assert_int_equal(back, t);
    }
    enum transition untouched = TRANSITION_STOP;
    assert_false(transition_parse(TEXT("Boot"), &untouched));
    assert_int_equal(untouched, TRANSITION_STOP);
    assert_string_equal(transition_failure_name(TRANSITION_FAILS), "always");
}

#define ON_WORLD(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_WORLD(a_held_boot_goes_on_when_it_is_released_and_not_before),
        ON_WORLD(a_step_lets_one_boot_go_on_and_the_next_is_held_again),
        ON_WORLD(a_boot_fails_as_a_guest_that_exits),
        ON_WORLD(a_boot_in_progress_fails_at_once_held_or_not),
        ON_WORLD(boots_fail_until_they_are_released_and_the_restart_policy_sees_it),
        ON_WORLD(a_stepped_boot_that_is_to_fail_does),
        ON_WORLD(a_boot_takes_the_time_that_is_asked_for),
        ON_WORLD(a_request_is_held_but_for_those_that_are_let_through),
        ON_WORLD(a_request_fails_once_or_until_it_is_released),
        ON_WORLD(a_held_request_that_is_made_to_fail_waits_no_longer),
        ON_WORLD(a_snapshot_that_cannot_be_restored_leaves_its_disk),
        ON_WORLD(a_held_standby_holds_back_the_policy_too),
        ON_WORLD(compressions_of_an_instance_are_held_and_go_on_at_the_snapshot),
        ON_WORLD(a_snapshots_own_wish_comes_first),
        ON_WORLD(a_compression_fails_in_its_time_and_once),
        ON_WORLD(a_held_run_happens_when_it_is_stepped_or_released),
        ON_WORLD(a_run_fails_once_and_says_so),
        ON_WORLD(a_held_run_that_is_made_to_fail_does_so_at_once),
        ON_WORLD(each_is_done_whole_or_not_at_all),
        ON_WORLD(a_boot_whose_failure_lacks_memory_fails_later),
        ON_WORLD(a_fork_of_the_world_keeps_them_and_a_fork_of_the_instance_does_not),
        ON_WORLD(an_instance_is_made_with_them),
        ON_WORLD(nobody_has_none),
        cmocka_unit_test(names_are_read_and_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
