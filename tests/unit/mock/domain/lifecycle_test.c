/* Every operation in every state, and what it does to each field: instances.md 10.1 and 10.2
 * (INST-ST-001). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/instance_edit.h"
#include "mock/domain/instances.h"
#include "mock/domain/power.h"
#include "mock/domain/transition.h"
#include "tests/unit/mock/domain/scene.h"

/* --- table 10.1 ------------------------------------------------------------------------------ */

enum outcome {
    MISSING, /* nobody has thought about it */
    ENDS_IN,
    MAKES,     /* another instance, in state `made`                      */
    UNCHANGED, /* done, with the record as it is stored: the 200 no-op   */
    GONE,
    REFUSED, /* INVALID_STATE, and the world as it was */
};

struct cell {
    enum outcome outcome;
    enum instance_state state; /* of the instance afterwards */
    enum instance_state made;
    const char *message;
};

/* clang-format off */
#define TO(s)        { ENDS_IN, .state = INSTANCE_##s }
#define FORKS(s, m)  { MAKES, .state = INSTANCE_##s, .made = INSTANCE_##m }
#define SAME         { .outcome = UNCHANGED }
#define DELETED      { .outcome = GONE }
#define REFUSES(why) { REFUSED, .message = "invalid state transition: " why }
/* clang-format on */

/* Cells that differ in the state's name only. */
#define FOUR_OTHERS(CELL)                                                                          \
    [INSTANCE_CREATED] = CELL("Created", CREATED), [INSTANCE_PAUSED] = CELL("Paused", PAUSED),     \
    [INSTANCE_SHUTDOWN] = CELL("Shutdown", SHUTDOWN),                                              \
    [INSTANCE_UNKNOWN] = CELL("Unknown", UNKNOWN)
#define ALL_EIGHT(CELL)                                                                            \
    FOUR_OTHERS(CELL), [INSTANCE_INITIALIZING] = CELL("Initializing", INITIALIZING),               \
                       [INSTANCE_RUNNING] = CELL("Running", RUNNING),                              \
                       [INSTANCE_STOPPED] = CELL("Stopped", STOPPED),                              \
                       [INSTANCE_STANDBY] = CELL("Standby", STANDBY)

#define NO_STANDBY(name, s) REFUSES("cannot standby from state " name)
#define NO_RESTORE(name, s) REFUSES("cannot restore from state " name)
#define NO_STOP(name, s)    REFUSES("cannot stop from state " name ", must be Running or Initializing")
#define NO_START(name, s)   REFUSES("cannot start from state " name ", must be Stopped")
#define NO_ENV(name, s)                                                                            \
    REFUSES("instance must be running or initializing to update env (current state: " name ")")
#define NO_STANDBY_COPY(name, s)                                                                   \
    REFUSES("standby snapshot requires source in Running or Standby, got " name)
#define NO_STOPPED_COPY(name, s) REFUSES("stopped snapshot requires source in Stopped, got " name)
#define STAYS(name, s)           TO(s)
#define GOES(name, s)            DELETED
#define RUNS(name, s)            TO(RUNNING)
#define FORKS_RUNNING(name, s)   FORKS(s, RUNNING)

/* clang-format off */
static const struct {
    const char *name;
    operation *run;
    struct cell cells[INSTANCE_STATE_COUNT];
} operations[] = {
    { "standby", do_standby, { /* INST-SB-011, INST-SB-012, INST-SB-014 */
        FOUR_OTHERS(NO_STANDBY),
        [INSTANCE_RUNNING] = TO(STANDBY),
        [INSTANCE_INITIALIZING] = NO_STANDBY("Initializing",),
        [INSTANCE_STOPPED] = NO_STANDBY("Stopped",),
        [INSTANCE_STANDBY] = SAME } },
    { "standby with compression", do_standby_compressed, { /* INST-SB-013, INST-SB-017 */
        FOUR_OTHERS(NO_STANDBY),
        [INSTANCE_RUNNING] = TO(STANDBY),
        [INSTANCE_INITIALIZING] = NO_STANDBY("Initializing",),
        [INSTANCE_STOPPED] = NO_STANDBY("Stopped",),
        [INSTANCE_STANDBY] = NO_STANDBY("Standby",) } },
    { "standby with a delay", do_standby_delayed, { /* INST-SB-013, INST-SB-016 */
        FOUR_OTHERS(NO_STANDBY),
        [INSTANCE_RUNNING] = TO(STANDBY),
        [INSTANCE_INITIALIZING] = NO_STANDBY("Initializing",),
        [INSTANCE_STOPPED] = NO_STANDBY("Stopped",),
        [INSTANCE_STANDBY] = NO_STANDBY("Standby",) } },
    { "restore", do_restore, { /* INST-RS-002, INST-RS-003, INST-RS-004 */
        FOUR_OTHERS(NO_RESTORE),
        [INSTANCE_RUNNING] = SAME,
        [INSTANCE_INITIALIZING] = SAME,
        [INSTANCE_STOPPED] = NO_RESTORE("Stopped",),
        [INSTANCE_STANDBY] = TO(RUNNING) } },
    { "stop", do_stop, {
        FOUR_OTHERS(NO_STOP),
        [INSTANCE_RUNNING] = TO(STOPPED),
        [INSTANCE_INITIALIZING] = TO(STOPPED),
        [INSTANCE_STOPPED] = SAME,
        [INSTANCE_STANDBY] = NO_STOP("Standby",) } },
    { "start", do_start, {
        FOUR_OTHERS(NO_START),
        [INSTANCE_RUNNING] = SAME,
        [INSTANCE_INITIALIZING] = SAME,
        [INSTANCE_STOPPED] = TO(INITIALIZING),
        [INSTANCE_STANDBY] = NO_START("Standby",) } },
    { "start with overrides", do_start_overridden, {
        FOUR_OTHERS(NO_START),
        [INSTANCE_RUNNING] = NO_START("Running",),
        [INSTANCE_INITIALIZING] = NO_START("Initializing",),
        [INSTANCE_STOPPED] = TO(INITIALIZING),
        [INSTANCE_STANDBY] = NO_START("Standby",) } },
    { "delete", do_delete, { ALL_EIGHT(GOES) } }, /* INST-D-001 */
    { "patch without env", do_patch, { ALL_EIGHT(STAYS) } }, /* INST-U-037, NEW-036 */
    { "patch with env", do_patch_env, { /* INST-U-032, INST-U-034 */
        FOUR_OTHERS(NO_ENV),
        [INSTANCE_RUNNING] = TO(RUNNING),
        [INSTANCE_INITIALIZING] = TO(INITIALIZING),
        [INSTANCE_STOPPED] = NO_ENV("Stopped",),
        [INSTANCE_STANDBY] = NO_ENV("Standby",) } },
    { "Standby snapshot", do_capture_standby, { /* SNAP-C-001, SNAP-C-002, SNAP-C-004, SNAP-C-006 */
        FOUR_OTHERS(NO_STANDBY_COPY),
        [INSTANCE_RUNNING] = TO(RUNNING),
        [INSTANCE_INITIALIZING] = NO_STANDBY_COPY("Initializing",),
        [INSTANCE_STOPPED] = NO_STANDBY_COPY("Stopped",),
        [INSTANCE_STANDBY] = TO(STANDBY) } },
    { "Stopped snapshot", do_capture_stopped, { /* SNAP-C-003, SNAP-C-005 */
        FOUR_OTHERS(NO_STOPPED_COPY),
        [INSTANCE_RUNNING] = NO_STOPPED_COPY("Running",),
        [INSTANCE_INITIALIZING] = NO_STOPPED_COPY("Initializing",),
        [INSTANCE_STOPPED] = TO(STOPPED),
        [INSTANCE_STANDBY] = NO_STOPPED_COPY("Standby",) } },
    { "snapshot restore", do_restore_snapshot, { /* SNAP-R-019, SNAP-R-023, SNAP-R-024 */
        FOUR_OTHERS(RUNS),
        [INSTANCE_RUNNING] = REFUSES("cannot restore snapshot while source is Running"),
        [INSTANCE_INITIALIZING] = TO(RUNNING),
        [INSTANCE_STOPPED] = TO(RUNNING),
        [INSTANCE_STANDBY] = TO(RUNNING) } },
    { "snapshot fork", do_fork_snapshot, { ALL_EIGHT(FORKS_RUNNING) } }, /* SNAP-F-019 */
    { "snapshot delete", do_delete_snapshot, { ALL_EIGHT(STAYS) } }, /* SNAP-D-006 */
    { "volume attach", do_attach, { ALL_EIGHT(STAYS) } },
    { "volume detach", do_detach, { ALL_EIGHT(STAYS) } },
};
/* clang-format on */

#define CHECK(condition, ...)                                                                      \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg(__VA_ARGS__);                                                                 \
    } while (0)

static const size_t instances_left[] = {
    [ENDS_IN] = 1, [MAKES] = 2, [UNCHANGED] = 1, [GONE] = 0, [REFUSED] = 1,
};

static void check_state(struct fixture *f, const char *name, const char *from,
                        const struct instance *instance, enum instance_state expected)
{
    enum instance_state state = state_now(f, instance);
    CHECK(state == expected, "%s from %s: " TEXT_FMT " is %s, not %s", name, from,
          TEXT_ARGS(instance->config->name), instance_state_name(state),
          instance_state_name(expected));
}

static void check_cell(struct fixture *f, const char *name, operation *run,
                       enum instance_state from, const struct fork_request *request,
                       const struct cell *expected)
{
    const char *state = instance_state_name(from);
    struct scene s = scene_in(f, from);
    s.fork = *request;
    const struct instance *before = scene_stored(&s);
    const struct instance *out = NULL;
    const uint64_t revision = world_revision(f->world);
    struct error err = { 0 };

    CHECK(expected->outcome != MISSING, "%s from %s: no cell", name, state);
    bool done = run(&s, &out, &err);
    CHECK(done == (expected->outcome != REFUSED), "%s from %s: %s", name, state,
          done ? "not refused" : err.message);
    CHECK(done || (err.code == ERROR_INVALID_STATE && strcmp(err.message, expected->message) == 0),
          "%s from %s: %s %s", name, state, error_code_name(err.code), err.message);
    CHECK(world_instance_count(f->world) == instances_left[expected->outcome],
          "%s from %s: %zu instances", name, state, world_instance_count(f->world));

    if (expected->outcome == REFUSED || expected->outcome == UNCHANGED) {
        CHECK(scene_stored(&s) == before && world_revision(f->world) == revision,
              "%s from %s: something changed", name, state);
        assert_ptr_equal(out, done ? before : NULL);
    } else if (expected->outcome != GONE) {
        check_state(f, name, state, scene_stored(&s), expected->state);
        check_state(f, name, state, out,
                    expected->outcome == MAKES ? expected->made : expected->state);
        assert_ptr_equal(instances_find(f->world, out->config->id), out);
    }
}

static void every_operation_in_every_state_ends_as_the_table_says(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(operations); i++) {
        for (enum instance_state from = 0; from < INSTANCE_STATE_COUNT; from++) {
            check_cell(f, operations[i].name, operations[i].run, from, &(struct fork_request){ 0 },
                       &operations[i].cells[from]);
            fixture_restart(f, world_settings(f->world));
        }
    }
}

/* An instance that vanishes between the look-up of its name and the operation (INST-ID-010). */
static void whatever_is_asked_of_an_instance_that_has_gone_is_refused(void **state)
{
    static const struct {
        operation *run;
        const char *message;
    } cases[] = {
        { do_standby, "instance not found" },
        { do_restore, "instance not found" },
        { do_stop, "instance not found" },
        { do_start, "instance not found" },
        { do_fork, "instance not found" },
        { do_delete, "instance not found" },
        { do_patch, "instance not found" },
        { do_capture_standby, "instance not found" },
        { do_attach, "instance not found" },
        { do_detach, "instance not found" },
        { do_restore_snapshot, "instance or snapshot not found" },
    };
    struct fixture *f = *state;
    struct scene s = scene_in(f, INSTANCE_STOPPED);
    (void)scene_do(&s, do_delete);
    const uint64_t revision = world_revision(f->world);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct instance *out = NULL;
        struct error err = { 0 };
        assert_false(cases[i].run(&s, &out, &err));
        assert_error_is(&err, ERROR_NOT_FOUND, cases[i].message);
        assert_null(out);
    }
    assert_int_equal(world_revision(f->world), revision);
}

/* --- forks, by target as well: INST-FK-010 to INST-FK-021 ---------------------------------------
 */

enum { FROM_EITHER, FROM_RUNNING, NOT_FROM_RUNNING }; /* from_running of the request */

static const struct {
    bool given;
    enum instance_state state;
} targets[] = {
    { false, INSTANCE_UNKNOWN },
    { true, INSTANCE_STOPPED },
    { true, INSTANCE_STANDBY },
    { true, INSTANCE_RUNNING },
};

/* clang-format off */
#define UNASKED                                                                                    \
    REFUSES("cannot fork from state Running (set from_running=true to allow standby+restore flow)")
#define NEVER_UP                                                                                   \
    { REFUSED, .message = "apply fork target state: invalid state transition: cannot standby "     \
                          "from state Initializing" }
#define UNFIT(name)                                                                                \
    REFUSES("cannot fork from state " name " (must be Stopped or Standby, or Running with "        \
            "from_running=true)")
#define UNFIT_ROW(s, name)                                                                         \
    { INSTANCE_##s, FROM_EITHER, {                                                                 \
        REFUSES("cannot derive fork target state from source state " name),                        \
        UNFIT(name), UNFIT(name), UNFIT(name) } }

static const struct {
    enum instance_state from;
    int from_running;
    struct cell cells[ARRAY_LEN(targets)]; /* as `targets` */
} forks[] = {
    { INSTANCE_STOPPED, FROM_EITHER, {            /* INST-FK-021 */
        FORKS(STOPPED, STOPPED),                  /* INST-FK-010 */
        FORKS(STOPPED, STOPPED),
        NEVER_UP,                                 /* INST-FK-012 */
        FORKS(STOPPED, INITIALIZING) } },         /* INST-FK-011 */
    { INSTANCE_STANDBY, FROM_EITHER, {
        FORKS(STANDBY, STANDBY),                  /* INST-FK-013 */
        FORKS(STANDBY, STOPPED),                  /* INST-FK-015 */
        FORKS(STANDBY, STANDBY),
        FORKS(STANDBY, RUNNING) } },              /* INST-FK-014 */
    { INSTANCE_RUNNING, FROM_RUNNING, {
        FORKS(RUNNING, RUNNING),                  /* INST-FK-016 */
        FORKS(RUNNING, STOPPED),                  /* INST-FK-017 */
        FORKS(RUNNING, STANDBY),
        FORKS(RUNNING, RUNNING) } },
    { INSTANCE_RUNNING, NOT_FROM_RUNNING, {       /* INST-FK-019 */
        UNASKED, UNASKED, UNASKED, UNASKED } },
    UNFIT_ROW(CREATED, "Created"),                /* INST-FK-020 */
    UNFIT_ROW(INITIALIZING, "Initializing"),
    UNFIT_ROW(PAUSED, "Paused"),
    UNFIT_ROW(SHUTDOWN, "Shutdown"),
    UNFIT_ROW(UNKNOWN, "Unknown"),
};
/* clang-format on */

static void every_fork_ends_as_its_source_and_target_say(void **state)
{
    struct fixture *f = *state;
    size_t cells = 0;
    for (size_t i = 0; i < ARRAY_LEN(forks) * ARRAY_LEN(targets) * 2; i++) {
        const size_t row = i / 2 / ARRAY_LEN(targets);
        const size_t column = i / 2 % ARRAY_LEN(targets);
        const struct fork_request request = { .name = TEXT("copy"),
                                              .has_target = targets[column].given,
                                              .target = targets[column].state,
                                              .from_running = i % 2 == 1 };
        if (forks[row].from_running == (request.from_running ? NOT_FROM_RUNNING : FROM_RUNNING))
            continue;
        check_cell(f, "fork", do_fork, forks[row].from, &request, &forks[row].cells[column]);
        fixture_restart(f, world_settings(f->world));
        cells++;
    }
    assert_int_equal(cells, INSTANCE_STATE_COUNT * ARRAY_LEN(targets) * 2);
}

/* --- table 10.2 ------------------------------------------------------------------------------ */

enum time_effect { TIME_NOW, TIME_NULL, TIME_KEPT };
enum exit_effect { EXIT_NULL, EXIT_SET, EXIT_KEPT };
enum address_effect { ADDRESS_ASSIGNED, ADDRESS_KEPT };
enum restart_effect { RESTART_ABSENT, RESTART_BLOCKED, RESTART_KEPT };

static struct scene from_nothing(struct fixture *f)
{
    return (struct scene){ .f = f };
}

static struct scene from_stopped(struct fixture *f)
{
    struct scene s = scene_eventful(f);
    (void)scene_do(&s, do_stop);
    scene_wait(&s, NS_PER_SEC);
    return s;
}

static struct scene from_standby(struct fixture *f)
{
    struct scene s = scene_eventful(f);
    (void)scene_do(&s, do_standby);
    scene_wait(&s, NS_PER_SEC);
    return s;
}

static bool create(const struct scene *s, const struct instance **out, struct error *err)
{
    struct instance_request request = request_for("web");
    request.config.restart = restart_policy(RESTART_ALWAYS);
    request.config.health_check = http_check();
    return instance_create(s->f->world, &request, out, err);
}

/* clang-format off */
static const struct effects {
    const char *operation;
    struct scene (*scene)(struct fixture *);
    operation *run;
    enum instance_state state;
    bool has_snapshot;
    enum time_effect started_at, stopped_at;
    enum exit_effect exit;
    enum address_effect address;
    enum instance_phase phase;
    enum restart_effect restart;
    enum health_status health;
} effects[] = {
    { "create", from_nothing, create, INSTANCE_INITIALIZING, false, TIME_NOW, TIME_NULL, EXIT_NULL,
      ADDRESS_ASSIGNED, PHASE_INITIALIZING, RESTART_ABSENT, HEALTH_STARTING }, /* INST-HC-003 */
    { "stop", scene_eventful, do_stop, INSTANCE_STOPPED, false, TIME_KEPT, TIME_NOW, EXIT_SET,
      ADDRESS_KEPT, PHASE_STOPPED, RESTART_BLOCKED, HEALTH_UNKNOWN },   /* INST-ST-015, INST-J-033 */
    { "start", from_stopped, do_start, INSTANCE_INITIALIZING, false, TIME_NOW, TIME_KEPT, EXIT_NULL,
      ADDRESS_ASSIGNED, PHASE_INITIALIZING, RESTART_ABSENT, HEALTH_STARTING },   /* INST-ST-002 */
    { "standby", scene_eventful, do_standby, INSTANCE_STANDBY, true, TIME_KEPT, TIME_NOW, EXIT_NULL,
      ADDRESS_KEPT, PHASE_STANDBY, RESTART_KEPT, HEALTH_UNKNOWN },               /* INST-SB-011 */
    { "restore", from_standby, do_restore, INSTANCE_RUNNING, false, TIME_KEPT, TIME_KEPT, EXIT_KEPT,
      ADDRESS_KEPT, PHASE_RUNNING, RESTART_KEPT, HEALTH_STARTING },              /* INST-RS-002 */
};
/* clang-format on */

static bool time_fits(enum time_effect effect, int64_t before_ns, int64_t after_ns, int64_t now_ns)
{
    const int64_t expected[] = { [TIME_NOW] = now_ns, [TIME_NULL] = 0, [TIME_KEPT] = before_ns };
    return after_ns == expected[effect] && (effect != TIME_KEPT || before_ns != 0);
}

static bool exit_fits(enum exit_effect effect, const struct instance *before,
                      const struct instance *after)
{
    switch (effect) {
    case EXIT_SET: /* INST-ST-014 */
        return after->has_exit_code && after->exit_code == 143;
    case EXIT_KEPT:
        return after->has_exit_code == before->has_exit_code &&
               after->exit_code == before->exit_code;
    default:
        return !after->has_exit_code && after->exit_code == 0;
    }
}

static bool address_fits(enum address_effect effect, const struct instance *before,
                         const struct instance *after)
{
    bool same = memcmp(&before->address, &after->address, sizeof before->address) == 0;
    return network_has_address(&after->address) && same == (effect == ADDRESS_KEPT);
}

static bool restart_fits(enum restart_effect effect, const struct instance *before,
                         const struct instance *after)
{
    const struct restart_status *is = &after->restart;
    const struct restart_status *was = &before->restart;
    switch (effect) {
    case RESTART_BLOCKED:
        return is->blocked == RESTART_MANUAL_STOP && is->attempts == 0;
    case RESTART_KEPT:
        return is->attempts == was->attempts && is->attempts > 0 && is->blocked == was->blocked &&
               is->last_attempt_at_ns == was->last_attempt_at_ns;
    default:
        return is->attempts == 0 && is->blocked == RESTART_NOT_BLOCKED &&
               is->last_attempt_at_ns == 0 && is->next_attempt_at_ns == 0;
    }
}

static void check_effects(struct fixture *f, const struct effects *e)
{
    struct scene s = e->scene(f);
    const struct instance *found = scene_stored(&s);
    const struct instance before = found == NULL ? (struct instance){ 0 } : *found;
    const struct instance *after = NULL;
    struct error err = { 0 };
    assert_done(e->run(&s, &after, &err), &err);

    const int64_t now_ns = f->fake.now_ns;
    const struct instance_view view = instance_view(after, now_ns);
    const struct {
        const char *field;
        bool fits;
    } fields[] = {
        { "state", view.state == e->state },
        { "has_snapshot", view.has_snapshot == e->has_snapshot },
        { "started_at",
          time_fits(e->started_at, before.started_at_ns, after->started_at_ns, now_ns) },
        { "stopped_at",
          time_fits(e->stopped_at, before.stopped_at_ns, after->stopped_at_ns, now_ns) },
        { "exit_code", exit_fits(e->exit, &before, after) },
        { "network", address_fits(e->address, &before, after) },
        { "current_phase", view.phases.current == e->phase && view.phases.since_ns == now_ns },
        { "restart_status", restart_fits(e->restart, &before, after) },
        { "health_status", view.health.status == e->health },
    };
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        CHECK(fields[i].fits, "%s: %s is not as it should be", e->operation, fields[i].field);
}

static void every_operation_has_the_effects_on_fields_that_the_table_says(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(effects); i++) {
        check_effects(f, &effects[i]);
        fixture_restart(f, world_settings(f->world));
    }
}

/* --- restart_status outside of successes ----------------------------------------------------- */

static void a_stop_blocks_restarts_and_a_start_forgets_it_whatever_comes_of_them(void **state)
{
    static const struct {
        operation *run;
        enum instance_state from;
        enum restart_block blocked_before, blocked_after;
    } cases[] = {
        { do_stop, INSTANCE_STOPPED, RESTART_NOT_BLOCKED, RESTART_MANUAL_STOP }, /* INST-ST-011 */
        { do_stop, INSTANCE_STANDBY, RESTART_NOT_BLOCKED, RESTART_MANUAL_STOP }, /* INST-ST-012 */
        { do_stop, INSTANCE_PAUSED, RESTART_NOT_BLOCKED, RESTART_NOT_BLOCKED },
        { do_start, INSTANCE_RUNNING, RESTART_MANUAL_STOP, RESTART_NOT_BLOCKED }, /* INST-ST-025 */
        { do_start, INSTANCE_INITIALIZING, RESTART_MANUAL_STOP, RESTART_NOT_BLOCKED },
        { do_start_overridden, INSTANCE_RUNNING, RESTART_MANUAL_STOP, RESTART_NOT_BLOCKED },
        { do_start, INSTANCE_STANDBY, RESTART_MANUAL_STOP, RESTART_NOT_BLOCKED },
        { do_start, INSTANCE_PAUSED, RESTART_MANUAL_STOP, RESTART_NOT_BLOCKED },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct scene s = scene_eventful(f);
        struct instance_edit edit;
        struct error err = { 0 };
        force_state(f, scene_id(&s), cases[i].from);
        assert_done(instance_edit_begin(&edit, f->world, scene_id(&s), &err), &err);
        edit.next.restart = (struct restart_status){ .blocked = cases[i].blocked_before };
        assert_done(instance_edit_commit(&edit, (struct history_event){ .kind = HISTORY_FORCED },
                                         NULL, &err),
                    &err);

        const struct instance *before = scene_stored(&s);
        const struct history *history = before->history;
        const struct instance *out = NULL;
        const struct instance as_it_was = *before;
        (void)!cases[i].run(&s, &out, &err);
        const struct instance *after = scene_stored(&s);
        assert_int_equal(after->restart.blocked, cases[i].blocked_after);
        assert_int_equal(after->state, as_it_was.state);
        assert_ptr_equal(after->history, history); /* nothing has happened to it */
        if (err.code == ERROR_NONE)
            assert_ptr_equal(out, after);

        /* Done once, it is done: a retry has nothing to change. */
        struct error again = { 0 };
        (void)!cases[i].run(&s, &out, &again);
        assert_ptr_equal(scene_stored(&s), after);
        fixture_restart(f, world_settings(f->world));
    }
}

static void a_new_restart_policy_forgets_the_attempts_but_no_stop_by_hand(void **state)
{
    static const struct { /* INST-U-018 */
        struct restart_status before;
        enum restart_block after;
    } cases[] = {
        { { .attempts = 3,
            .last_attempt_at_ns = FAKE_ENV_START_NS,
            .next_attempt_at_ns = INT64_MAX },
          RESTART_NOT_BLOCKED },
        { { .blocked = RESTART_MANUAL_STOP }, RESTART_MANUAL_STOP },
        { { .attempts = 3,
            .last_attempt_at_ns = FAKE_ENV_START_NS,
            .blocked = RESTART_MAX_ATTEMPTS_EXCEEDED },
          RESTART_NOT_BLOCKED },
    };
    struct fixture *f = *state;
    struct scene s = scene_eventful(f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct instance_edit edit;
        struct error err = { 0 };
        assert_done(instance_edit_begin(&edit, f->world, scene_id(&s), &err), &err);
        edit.next.restart = cases[i].before;
        assert_done(instance_edit_commit(&edit, (struct history_event){ .kind = HISTORY_FORCED },
                                         NULL, &err),
                    &err);
        const struct restart_status now = scene_do(&s, do_patch)->restart;
        assert_int_equal(now.blocked, cases[i].after);
        assert_int_equal(now.attempts, 0);
        assert_int_equal(now.last_attempt_at_ns, 0);
        assert_int_equal(now.next_attempt_at_ns, 0);
    }
}

/* --- what is remembered of an operation ---------------------------------------------------- */

enum { NOBODY, SOURCE, SNAPSHOT, MADE }; /* whose id the event has */

/* clang-format off */
static const struct {
    operation *run;
    enum instance_state from;
    enum history_kind kind; /* of the instance's newest event */
    enum history_start start;
    int other;
    enum history_kind made_kind; /* of the newest of what was made */
    int made_other;
} events[] = {
    { do_standby, INSTANCE_RUNNING, HISTORY_STANDBY, HISTORY_NO_START, NOBODY, 0, 0 },
    { do_restore, INSTANCE_STANDBY, HISTORY_RESUMED, HISTORY_RESUMED_START, NOBODY, 0, 0 },
    { do_stop, INSTANCE_RUNNING, HISTORY_STOPPED, HISTORY_NO_START, NOBODY, 0, 0 },
    { do_start, INSTANCE_STOPPED, HISTORY_STARTED, HISTORY_COLD_START, NOBODY, 0, 0 },
    { do_start_overridden, INSTANCE_STOPPED, HISTORY_STARTED, HISTORY_COLD_START, NOBODY, 0, 0 },
    { do_fork, INSTANCE_STOPPED, HISTORY_STOPPED, HISTORY_NO_START, NOBODY, HISTORY_FORKED,
      SOURCE },
    { do_fork, INSTANCE_RUNNING, HISTORY_COPIED, HISTORY_RESUMED_START, MADE, HISTORY_FORKED,
      SOURCE },
    { do_patch, INSTANCE_PAUSED, HISTORY_UPDATED, HISTORY_NO_START, NOBODY, 0, 0 },
    { do_patch_env, INSTANCE_RUNNING, HISTORY_UPDATED, HISTORY_NO_START, NOBODY, 0, 0 },
    { do_capture_standby, INSTANCE_STANDBY, HISTORY_STANDBY, HISTORY_NO_START, NOBODY, 0, 0 },
    { do_restore_snapshot, INSTANCE_STOPPED, HISTORY_RESTORED, HISTORY_RESUMED_START, SNAPSHOT, 0,
      0 },
    { do_fork_snapshot, INSTANCE_STOPPED, HISTORY_STOPPED, HISTORY_NO_START, NOBODY,
      HISTORY_FORKED, SNAPSHOT },
    { do_attach, INSTANCE_RUNNING, HISTORY_ATTACHED, HISTORY_NO_START, NOBODY, 0, 0 },
    { do_detach, INSTANCE_RUNNING, HISTORY_DETACHED, HISTORY_NO_START, NOBODY, 0, 0 },
};
/* clang-format on */

static void check_other(const struct history_event *event, int other, const struct scene *s,
                        const struct instance *made)
{
    const struct text ids[] = {
        [SOURCE] = scene_id(s), [SNAPSHOT] = scene_snapshot_id(s), [MADE] = made->config->id
    };
    static const struct resource_id none;
    if (other == NOBODY)
        assert_memory_equal(&event->other, &none, sizeof none);
    else
        assert_true(text_equal(resource_id_text(&event->other), ids[other]));
}

static void each_operation_is_remembered_with_what_it_did(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(events); i++) {
        struct scene s = scene_in(f, events[i].from);
        s.fork = (struct fork_request){ .name = TEXT("copy"), .from_running = true };
        const struct instance *made = scene_do(&s, events[i].run);
        const struct history_event *event = &scene_stored(&s)->history->event;
        assert_int_equal(event->kind, events[i].kind);
        assert_int_equal(event->start, events[i].start);
        assert_int_equal(event->until_ns,
                         event->start == HISTORY_COLD_START ? scene_stored(&s)->running_at_ns : 0);
        assert_int_equal(event->has_exit_code, event->kind == HISTORY_STOPPED);
        assert_int_equal(event->exit_code, event->kind == HISTORY_STOPPED ? 143 : 0);
        check_other(event, events[i].other, &s, made);
        if (events[i].made_other != NOBODY) { /* INST-FK-003: and nothing else */
            assert_int_equal(made->history->count, 1);
            assert_int_equal(made->history->event.kind, events[i].made_kind);
            assert_int_equal(made->history->event.at_ns, f->fake.now_ns);
            check_other(&made->history->event, events[i].made_other, &s, made);
        }
        fixture_restart(f, world_settings(f->world));
    }
}

/* --- what cannot be seen in an answer -------------------------------------------------------- */

static void a_start_keeps_its_overrides_for_the_next_ones(void **state) /* INST-ST-024 */
{
    static const struct text shell = { "sh", 2 };
    struct fixture *f = *state;
    struct scene s = scene_in(f, INSTANCE_STOPPED);
    const struct start_request request = { .entrypoint = { &shell, 1 } };
    const struct instance *out = NULL;
    struct error err = { 0 };
    (void)scene_do(&s, do_start_overridden);
    assert_text_is(scene_stored(&s)->config->cmd.items[0], "true");
    assert_int_equal(scene_stored(&s)->config->entrypoint.count, 0);

    (void)scene_do(&s, do_stop);
    bool done = instance_start(f->world, scene_id(&s), &request, &out, &err);
    assert_done(done, &err);
    assert_text_is(out->config->entrypoint.items[0], "sh");
    assert_text_is(out->config->cmd.items[0], "true"); /* an empty list replaces nothing */

    (void)scene_do(&s, do_stop);
    const struct instance_config *config = scene_stored(&s)->config;
    (void)scene_do(&s, do_start);
    assert_ptr_equal(scene_stored(&s)->config, config); /* INST-ST-023 */
}

static void a_guest_without_an_agent_does_not_say_how_it_ended(void **state) /* INST-ST-014 */
{
    struct fixture *f = *state;
    struct instance_request request = request_for("web");
    request.config.skip_guest_agent = true;
    struct scene s = scene_running(f, &request);
    (void)scene_do(&s, do_stop);
    assert_false(scene_stored(&s)->has_exit_code);
    assert_string_equal(instance_exit_text(scene_stored(&s)).text, "");
}

static void a_guest_may_end_while_it_boots(void **state)
{
    struct fixture *f = *state;
    struct scene s = scene_in(f, INSTANCE_INITIALIZING);
    struct instance edited = *scene_stored(&s);
    transition_exit(&edited, 0);
    assert_int_equal(edited.running_at_ns, 0);
    assert_int_equal(instance_view(&edited, INT64_MAX).state, INSTANCE_STOPPED);
    assert_string_equal(instance_exit_text(&edited).text, "success");
}

static void a_guest_that_ended_by_itself_stays_in_its_phase_until_the_next_start(void **state)
{
    struct fixture *f = *state;
    struct scene s = scene_in(f, INSTANCE_RUNNING);
    const int64_t stopped_at_ns = scene_stored(&s)->stopped_at_ns;
    const int64_t since_ns = scene_stored(&s)->phases.since_ns;
    struct instance_edit edit;
    struct error err = { 0 };
    scene_wait(&s, NS_PER_SEC);
    assert_done(instance_edit_begin(&edit, f->world, scene_id(&s), &err), &err);
    transition_exit(&edit.next, 3);
    assert_done(
        instance_edit_commit(&edit, (struct history_event){ .kind = HISTORY_EXITED }, NULL, &err),
        &err);

    const struct instance *ended = scene_stored(&s);
    assert_int_equal(ended->state, INSTANCE_STOPPED); /* INST-G-004 */
    assert_int_equal(ended->stopped_at_ns, stopped_at_ns);
    assert_string_equal(instance_exit_text(ended).text, "exit code 3");
    scene_wait(&s, NS_PER_SEC);
    (void)scene_do(&s, do_stop); /* has nothing to do, and books nothing (INST-J-043) */
    assert_ptr_equal(scene_stored(&s), ended);

    (void)scene_do(&s, do_start);
    const struct phase_ledger *phases = &scene_stored(&s)->phases;
    assert_int_equal(phase_ledger_spent_ns(phases, PHASE_STOPPED, f->fake.now_ns), 0);
    assert_true(phase_ledger_spent_ns(phases, PHASE_RUNNING, f->fake.now_ns) >=
                f->fake.now_ns - since_ns);
    assert_false(scene_stored(&s)->has_exit_code);
}

/* How the machine came up is told by the state it was left in. */
static void check_start(const struct history_event *event, const struct instance *instance)
{
    bool cold = instance->state == INSTANCE_INITIALIZING;
    assert_int_equal(event->start, cold                                  ? HISTORY_COLD_START
                                   : instance->state == INSTANCE_RUNNING ? HISTORY_RESUMED_START
                                                                         : HISTORY_NO_START);
    assert_int_equal(event->until_ns, cold ? instance->running_at_ns : 0);
}

static void forks_and_restores_remember_how_they_came_up(void **state)
{
    static const enum instance_state ends[] = { INSTANCE_STOPPED, INSTANCE_STANDBY,
                                                INSTANCE_RUNNING };
    struct fixture *f = *state;
    struct scene s = scene_in(f, INSTANCE_STOPPED);
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        s.target = (struct snapshot_target){ .has_state = true, .state = ends[i] };
        const struct instance *made = scene_do(&s, do_fork_snapshot);
        check_start(&made->history->event, made);
        struct error err = { 0 };
        assert_true(instances_delete(f->world, made->config->id, &err));
        const uint32_t remembered = scene_stored(&s)->history->count;
        (void)scene_do(&s, do_restore_snapshot); /* the history is the instance's own */
        assert_int_equal(scene_stored(&s)->history->count, remembered + 1);
        check_start(&scene_stored(&s)->history->event, scene_stored(&s));
        if (ends[i] == INSTANCE_RUNNING)
            (void)scene_do(&s, do_stop);
    }
    s.fork = (struct fork_request){ .name = TEXT("copy"),
                                    .has_target = true,
                                    .target = INSTANCE_RUNNING };
    const struct instance *booted = scene_do(&s, do_fork);
    assert_int_equal(booted->state, INSTANCE_INITIALIZING);
    check_start(&booted->history->event, booted);
}

/* Its policies count from its own beginning. */
static void a_forks_policies_are_in_force_from_the_fork_on(void **state)
{
    struct fixture *f = *state;
    struct scene s = scene_in(f, INSTANCE_RUNNING);
    s.fork = (struct fork_request){ .name = TEXT("copy"), .from_running = true };
    const struct instance *fork = scene_do(&s, do_fork);
    assert_int_equal(fork->config->auto_standby.since_ns, f->fake.now_ns);
    assert_int_equal(fork->config->health_check.since_ns, f->fake.now_ns);
    assert_true(scene_stored(&s)->config->health_check.since_ns < f->fake.now_ns);

    scene_wait(&s, NS_PER_SEC);
    (void)scene_do(&s, do_patch);
    assert_int_equal(scene_stored(&s)->config->auto_standby.since_ns, f->fake.now_ns);
    assert_int_equal(scene_stored(&s)->config->health_check.since_ns, f->fake.now_ns);
}

#define ON_WORLD(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_WORLD(every_operation_in_every_state_ends_as_the_table_says),
        ON_WORLD(whatever_is_asked_of_an_instance_that_has_gone_is_refused),
        ON_WORLD(every_fork_ends_as_its_source_and_target_say),
        ON_WORLD(every_operation_has_the_effects_on_fields_that_the_table_says),
        ON_WORLD(a_stop_blocks_restarts_and_a_start_forgets_it_whatever_comes_of_them),
        ON_WORLD(a_new_restart_policy_forgets_the_attempts_but_no_stop_by_hand),
        ON_WORLD(each_operation_is_remembered_with_what_it_did),
        ON_WORLD(forks_and_restores_remember_how_they_came_up),
        ON_WORLD(a_forks_policies_are_in_force_from_the_fork_on),
        ON_WORLD(a_start_keeps_its_overrides_for_the_next_ones),
        ON_WORLD(a_guest_without_an_agent_does_not_say_how_it_ended),
        ON_WORLD(a_guest_may_end_while_it_boots),
        ON_WORLD(a_guest_that_ended_by_itself_stays_in_its_phase_until_the_next_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
