/* Every operation in every state, and what it does to each field: instances.md 10.1 and 10.2
 * (INST-ST-001). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/instance_edit.h"
#include "mock/domain/instance_fork.h"
#include "mock/domain/instance_update.h"
#include "mock/domain/instance_volumes.h"
#include "mock/domain/instances.h"
#include "mock/domain/power.h"
#include "mock/domain/snapshot_fork.h"
#include "mock/domain/snapshot_restore.h"
#include "mock/domain/snapshots.h"
#include "mock/domain/standby.h"
#include "mock/domain/transition.h"
#include "tests/unit/mock/domain/world_fixture.h"

/* --- an instance in a state ------------------------------------------------------------------ */

/* The ids of an instance and of a Standby snapshot of it, which outlive their records. */
struct scene {
    struct fixture *f;
    char instance[RESOURCE_ID_LEN];
    char snapshot[RESOURCE_ID_LEN];
    struct fork_request fork; /* what `fork` asks for */
};

static struct text id_of(const struct scene *s)
{
    return (struct text){ s->instance, RESOURCE_ID_LEN };
}

static struct text snapshot_of(const struct scene *s)
{
    return (struct text){ s->snapshot, RESOURCE_ID_LEN };
}

static const struct instance *stored(const struct scene *s)
{
    return instances_find(s->f->world, id_of(s));
}

static void pass(const struct scene *s, int64_t ns)
{
    s->f->fake.now_ns += ns;
}

static void must(bool done, const struct error *err)
{
    assert_string_equal(err->message, "");
    assert_true(done);
}

static void given_stopped(const struct scene *s)
{
    const struct instance *stopped = NULL;
    struct error err = { 0 };
    must(instance_stop(s->f->world, id_of(s), &stopped, &err), &err);
}

static void given_started(const struct scene *s)
{
    const struct instance *started = NULL;
    struct error err = { 0 };
    must(instance_start(s->f->world, id_of(s), &(struct start_request){ 0 }, &started, &err), &err);
}

static void given_asleep(const struct scene *s)
{
    const struct instance *asleep = NULL;
    struct error err = { 0 };
    must(instance_standby(s->f->world, id_of(s), &(struct standby_request){ 0 }, &asleep, &err),
         &err);
}

/* Something for every operation to work on: a variable that a credential names, a volume. */
static struct instance_request full_request(void)
{
    static const struct credential_injection injection = { { "A", 1 }, { "${value}", 8 }, { 0 } };
    static const struct credential credential = { { "key", 3 }, { "TOKEN", 5 }, &injection, 1 };
    static const struct volume_attachment volume = { { "vol", 3 }, { "/data", 5 }, true, false, 0 };
    static const struct pair env = { { "TOKEN", 5 }, { "t", 1 } };
    struct instance_request request = request_for("web");
    request.config.network.egress_enabled = true;
    request.config.credentials = &credential;
    request.config.credential_count = 1;
    request.config.env = (struct pair_list){ &env, 1 };
    request.config.volumes = &volume;
    request.config.volume_count = 1;
    return request;
}

/* Running, with a snapshot taken. */
static struct scene running_scene(struct fixture *f, const struct instance_request *request)
{
    struct scene s = { .f = f };
    memcpy(s.instance, given_request(f, request)->config->id.data, RESOURCE_ID_LEN);
    pass(&s, NS_PER_SEC);
    const struct snapshot *snapshot = given_snapshot(f, stored(&s), SNAPSHOT_STANDBY, "base");
    memcpy(s.snapshot, snapshot->id.data, RESOURCE_ID_LEN);
    return s;
}

/* The states that operations lead to are reached by them, the others are forced. */
static struct scene scene_in(struct fixture *f, enum instance_state state)
{
    struct instance_request request = full_request();
    struct scene s = running_scene(f, &request);
    pass(&s, NS_PER_SEC);
    switch (state) {
    case INSTANCE_RUNNING:
        break;
    case INSTANCE_STANDBY:
        given_asleep(&s);
        break;
    case INSTANCE_STOPPED:
        given_stopped(&s);
        break;
    case INSTANCE_INITIALIZING:
        given_stopped(&s);
        given_started(&s);
        break;
    default:
        force_state(f, id_of(&s), state);
    }
    pass(&s, NS_PER_MS);
    assert_int_equal(state_now(f, stored(&s)), state);
    return s;
}

/* --- the operations -------------------------------------------------------------------------- */

typedef bool operation(const struct scene *s, const struct instance **out, struct error *err);

static bool standby(const struct scene *s, const struct instance **out, struct error *err)
{
    return instance_standby(s->f->world, id_of(s), &(struct standby_request){ 0 }, out, err);
}

static bool standby_compressed(const struct scene *s, const struct instance **out,
                               struct error *err)
{
    struct standby_request request = {
        .compression = { .present = true, .enabled = true, .level = COMPRESSION_LEVEL_UNSET },
    };
    return instance_standby(s->f->world, id_of(s), &request, out, err);
}

static bool standby_delayed(const struct scene *s, const struct instance **out, struct error *err)
{
    struct standby_request request = { .has_compression_delay = true };
    return instance_standby(s->f->world, id_of(s), &request, out, err);
}

static bool restore(const struct scene *s, const struct instance **out, struct error *err)
{
    return instance_restore(s->f->world, id_of(s), out, err);
}

static bool stop(const struct scene *s, const struct instance **out, struct error *err)
{
    return instance_stop(s->f->world, id_of(s), out, err);
}

static bool start(const struct scene *s, const struct instance **out, struct error *err)
{
    return instance_start(s->f->world, id_of(s), &(struct start_request){ 0 }, out, err);
}

static const struct text true_command = { "true", 4 };

static bool start_overridden(const struct scene *s, const struct instance **out, struct error *err)
{
    struct start_request request = { .cmd = { &true_command, 1 } };
    return instance_start(s->f->world, id_of(s), &request, out, err);
}

static bool fork_it(const struct scene *s, const struct instance **out, struct error *err)
{
    return instance_fork(s->f->world, id_of(s), &s->fork, out, err);
}

static bool delete (const struct scene *s, const struct instance **out, struct error *err)
{
    (void)out;
    return instances_delete(s->f->world, id_of(s), err);
}

static bool patch(const struct scene *s, const struct instance **out, struct error *err)
{
    struct update_request request = { .auto_standby = { .present = true },
                                      .health_check = { .present = true },
                                      .has_restart = true,
                                      .has_ttl = true,
                                      .ttl_ns = NS_PER_SEC };
    return instance_update(s->f->world, id_of(s), &request, out, err);
}

static bool patch_env(const struct scene *s, const struct instance **out, struct error *err)
{
    struct update_request request = { .has_env = true, .env = PAIRS(PAIR("TOKEN", "new")) };
    return instance_update(s->f->world, id_of(s), &request, out, err);
}

static bool capture(const struct scene *s, enum snapshot_kind kind, const struct instance **out,
                    struct error *err)
{
    const struct snapshot *snapshot = NULL;
    if (!snapshot_create(s->f->world, id_of(s), &(struct snapshot_request){ .kind = kind },
                         &snapshot, err))
        return false;
    *out = stored(s);
    return true;
}

static bool capture_standby(const struct scene *s, const struct instance **out, struct error *err)
{
    return capture(s, SNAPSHOT_STANDBY, out, err);
}

static bool capture_stopped(const struct scene *s, const struct instance **out, struct error *err)
{
    return capture(s, SNAPSHOT_STOPPED, out, err);
}

static bool put_back(const struct scene *s, const struct instance **out, struct error *err)
{
    return snapshot_restore(s->f->world, id_of(s), snapshot_of(s), &(struct snapshot_target){ 0 },
                            out, err);
}

static bool fork_snapshot(const struct scene *s, const struct instance **out, struct error *err)
{
    return snapshot_fork(s->f->world, snapshot_of(s), TEXT("copy"), &(struct snapshot_target){ 0 },
                         out, err);
}

static bool delete_snapshot(const struct scene *s, const struct instance **out, struct error *err)
{
    *out = stored(s);
    return snapshots_delete(s->f->world, snapshot_of(s), err);
}

static bool attach(const struct scene *s, const struct instance **out, struct error *err)
{
    struct volume_attachment volume = { .volume_id = TEXT("more"), .mount_path = TEXT("/more") };
    return instance_attach_volume(s->f->world, id_of(s), &volume, out, err);
}

static bool detach(const struct scene *s, const struct instance **out, struct error *err)
{
    return instance_detach_volume(s->f->world, id_of(s), TEXT("vol"), out, err);
}

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
#define SAME         { UNCHANGED }
#define DELETED      { GONE }
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
    { "standby", standby, {                       /* INST-SB-011, INST-SB-012, INST-SB-014 */
        FOUR_OTHERS(NO_STANDBY),
        [INSTANCE_RUNNING] = TO(STANDBY),
        [INSTANCE_INITIALIZING] = NO_STANDBY("Initializing",),
        [INSTANCE_STOPPED] = NO_STANDBY("Stopped",),
        [INSTANCE_STANDBY] = SAME } },
    { "standby with compression", standby_compressed, {              /* INST-SB-013, INST-SB-017 */
        FOUR_OTHERS(NO_STANDBY),
        [INSTANCE_RUNNING] = TO(STANDBY),
        [INSTANCE_INITIALIZING] = NO_STANDBY("Initializing",),
        [INSTANCE_STOPPED] = NO_STANDBY("Stopped",),
        [INSTANCE_STANDBY] = NO_STANDBY("Standby",) } },
    { "standby with a delay", standby_delayed, {                     /* INST-SB-013, INST-SB-016 */
        FOUR_OTHERS(NO_STANDBY),
        [INSTANCE_RUNNING] = TO(STANDBY),
        [INSTANCE_INITIALIZING] = NO_STANDBY("Initializing",),
        [INSTANCE_STOPPED] = NO_STANDBY("Stopped",),
        [INSTANCE_STANDBY] = NO_STANDBY("Standby",) } },
    { "restore", restore, {                       /* INST-RS-002, INST-RS-003, INST-RS-004 */
        FOUR_OTHERS(NO_RESTORE),
        [INSTANCE_RUNNING] = SAME,
        [INSTANCE_INITIALIZING] = SAME,
        [INSTANCE_STOPPED] = NO_RESTORE("Stopped",),
        [INSTANCE_STANDBY] = TO(RUNNING) } },
    { "stop", stop, {
        FOUR_OTHERS(NO_STOP),
        [INSTANCE_RUNNING] = TO(STOPPED),
        [INSTANCE_INITIALIZING] = TO(STOPPED),
        [INSTANCE_STOPPED] = SAME,
        [INSTANCE_STANDBY] = NO_STOP("Standby",) } },
    { "start", start, {
        FOUR_OTHERS(NO_START),
        [INSTANCE_RUNNING] = SAME,
        [INSTANCE_INITIALIZING] = SAME,
        [INSTANCE_STOPPED] = TO(INITIALIZING),
        [INSTANCE_STANDBY] = NO_START("Standby",) } },
    { "start with overrides", start_overridden, {
        FOUR_OTHERS(NO_START),
        [INSTANCE_RUNNING] = NO_START("Running",),
        [INSTANCE_INITIALIZING] = NO_START("Initializing",),
        [INSTANCE_STOPPED] = TO(INITIALIZING),
        [INSTANCE_STANDBY] = NO_START("Standby",) } },
    { "delete", delete, { ALL_EIGHT(GOES) } },                       /* INST-D-001 */
    { "patch without env", patch, { ALL_EIGHT(STAYS) } },            /* INST-U-037, NEW-036 */
    { "patch with env", patch_env, {                                 /* INST-U-032, INST-U-034 */
        FOUR_OTHERS(NO_ENV),
        [INSTANCE_RUNNING] = TO(RUNNING),
        [INSTANCE_INITIALIZING] = TO(INITIALIZING),
        [INSTANCE_STOPPED] = NO_ENV("Stopped",),
        [INSTANCE_STANDBY] = NO_ENV("Standby",) } },
    { "Standby snapshot", capture_standby, {      /* SNAP-C-001, SNAP-C-002, SNAP-C-004, SNAP-C-006 */
        FOUR_OTHERS(NO_STANDBY_COPY),
        [INSTANCE_RUNNING] = TO(RUNNING),
        [INSTANCE_INITIALIZING] = NO_STANDBY_COPY("Initializing",),
        [INSTANCE_STOPPED] = NO_STANDBY_COPY("Stopped",),
        [INSTANCE_STANDBY] = TO(STANDBY) } },
    { "Stopped snapshot", capture_stopped, {                         /* SNAP-C-003, SNAP-C-005 */
        FOUR_OTHERS(NO_STOPPED_COPY),
        [INSTANCE_RUNNING] = NO_STOPPED_COPY("Running",),
        [INSTANCE_INITIALIZING] = NO_STOPPED_COPY("Initializing",),
        [INSTANCE_STOPPED] = TO(STOPPED),
        [INSTANCE_STANDBY] = NO_STOPPED_COPY("Standby",) } },
    { "snapshot restore", put_back, {             /* SNAP-R-019, SNAP-R-023, SNAP-R-024 */
        FOUR_OTHERS(RUNS),
        [INSTANCE_RUNNING] = REFUSES("cannot restore snapshot while source is Running"),
        [INSTANCE_INITIALIZING] = TO(RUNNING),
        [INSTANCE_STOPPED] = TO(RUNNING),
        [INSTANCE_STANDBY] = TO(RUNNING) } },
    { "snapshot fork", fork_snapshot, { ALL_EIGHT(FORKS_RUNNING) } },  /* SNAP-F-019 */
    { "snapshot delete", delete_snapshot, { ALL_EIGHT(STAYS) } },      /* SNAP-D-006 */
    { "volume attach", attach, { ALL_EIGHT(STAYS) } },
    { "volume detach", detach, { ALL_EIGHT(STAYS) } },
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
    const struct instance *before = stored(&s);
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
        CHECK(stored(&s) == before && world_revision(f->world) == revision,
              "%s from %s: something changed", name, state);
        assert_ptr_equal(out, done ? before : NULL);
    } else if (expected->outcome != GONE) {
        check_state(f, name, state, stored(&s), expected->state);
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
        check_cell(f, "fork", fork_it, forks[row].from, &request, &forks[row].cells[column]);
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

/* A Running instance with both policies, which has been stopped and restarted before: each time it
 * has is another one, and its restart status is not empty. */
static struct scene eventful_scene(struct fixture *f)
{
    struct instance_request request = request_for("web");
    request.config.restart = (struct restart_policy){ .kind = RESTART_ALWAYS };
    request.config.health_check =
        (struct health_check_policy){ .present = true, .type = HEALTH_CHECK_HTTP };
    struct scene s = running_scene(f, &request);
    struct instance_edit edit;
    struct error err = { 0 };
    pass(&s, NS_PER_SEC);
    given_stopped(&s);
    pass(&s, NS_PER_SEC);
    given_started(&s);
    pass(&s, NS_PER_SEC);
    must(instance_edit_begin(&edit, f->world, id_of(&s), &err), &err);
    edit.next.restart.attempts = 2;
    edit.next.restart.last_attempt_at_ns = f->fake.now_ns;
    must(instance_edit_commit(&edit, (struct history_event){ .kind = HISTORY_RESTARTED }, NULL,
                              &err),
         &err);
    pass(&s, NS_PER_SEC);
    return s;
}

static struct scene from_nothing(struct fixture *f)
{
    return (struct scene){ .f = f };
}

static struct scene from_stopped(struct fixture *f)
{
    struct scene s = eventful_scene(f);
    given_stopped(&s);
    pass(&s, NS_PER_SEC);
    return s;
}

static struct scene from_standby(struct fixture *f)
{
    struct scene s = eventful_scene(f);
    given_asleep(&s);
    pass(&s, NS_PER_SEC);
    return s;
}

static bool create(const struct scene *s, const struct instance **out, struct error *err)
{
    struct instance_request request = request_for("web");
    request.config.restart = (struct restart_policy){ .kind = RESTART_ALWAYS };
    request.config.health_check =
        (struct health_check_policy){ .present = true, .type = HEALTH_CHECK_HTTP };
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
    { "stop", eventful_scene, stop, INSTANCE_STOPPED, false, TIME_KEPT, TIME_NOW, EXIT_SET,
      ADDRESS_KEPT, PHASE_STOPPED, RESTART_BLOCKED, HEALTH_UNKNOWN },   /* INST-ST-015, INST-J-033 */
    { "start", from_stopped, start, INSTANCE_INITIALIZING, false, TIME_NOW, TIME_KEPT, EXIT_NULL,
      ADDRESS_ASSIGNED, PHASE_INITIALIZING, RESTART_ABSENT, HEALTH_STARTING },   /* INST-ST-002 */
    { "standby", eventful_scene, standby, INSTANCE_STANDBY, true, TIME_KEPT, TIME_NOW, EXIT_NULL,
      ADDRESS_KEPT, PHASE_STANDBY, RESTART_KEPT, HEALTH_UNKNOWN },               /* INST-SB-011 */
    { "restore", from_standby, restore, INSTANCE_RUNNING, false, TIME_KEPT, TIME_KEPT, EXIT_KEPT,
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
    const struct instance *found = stored(&s);
    const struct instance before = found == NULL ? (struct instance){ 0 } : *found;
    const struct instance *after = NULL;
    struct error err = { 0 };
    must(e->run(&s, &after, &err), &err);

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
        { "health_status", view.health == e->health },
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
        { stop, INSTANCE_STOPPED, RESTART_NOT_BLOCKED, RESTART_MANUAL_STOP }, /* INST-ST-011 */
        { stop, INSTANCE_STANDBY, RESTART_NOT_BLOCKED, RESTART_MANUAL_STOP }, /* INST-ST-012 */
        { stop, INSTANCE_PAUSED, RESTART_NOT_BLOCKED, RESTART_NOT_BLOCKED },
        { start, INSTANCE_RUNNING, RESTART_MANUAL_STOP, RESTART_NOT_BLOCKED }, /* INST-ST-025 */
        { start, INSTANCE_INITIALIZING, RESTART_MANUAL_STOP, RESTART_NOT_BLOCKED },
        { start_overridden, INSTANCE_RUNNING, RESTART_MANUAL_STOP, RESTART_NOT_BLOCKED },
        { start, INSTANCE_STANDBY, RESTART_MANUAL_STOP, RESTART_NOT_BLOCKED },
        { start, INSTANCE_PAUSED, RESTART_MANUAL_STOP, RESTART_NOT_BLOCKED },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct scene s = eventful_scene(f);
        struct instance_edit edit;
        struct error err = { 0 };
        force_state(f, id_of(&s), cases[i].from);
        must(instance_edit_begin(&edit, f->world, id_of(&s), &err), &err);
        edit.next.restart = (struct restart_status){ .blocked = cases[i].blocked_before };
        must(instance_edit_commit(&edit, (struct history_event){ .kind = HISTORY_FORCED }, NULL,
                                  &err),
             &err);

        const struct instance *before = stored(&s);
        const struct history *history = before->history;
        const struct instance *out = NULL;
        const struct instance as_it_was = *before;
        (void)!cases[i].run(&s, &out, &err);
        const struct instance *after = stored(&s);
        assert_int_equal(after->restart.blocked, cases[i].blocked_after);
        assert_int_equal(after->state, as_it_was.state);
        assert_ptr_equal(after->history, history); /* nothing has happened to it */
        if (err.code == ERROR_NONE)
            assert_ptr_equal(out, after);

        /* Done once, it is done: a retry has nothing to change. */
        struct error again = { 0 };
        (void)!cases[i].run(&s, &out, &again);
        assert_ptr_equal(stored(&s), after);
        fixture_restart(f, world_settings(f->world));
    }
}

/* --- what cannot be seen in an answer -------------------------------------------------------- */

static void a_start_keeps_its_overrides_for_the_next_ones(void **state) /* INST-ST-024 */
{
    struct fixture *f = *state;
    struct scene s = scene_in(f, INSTANCE_STOPPED);
    const struct instance *out = NULL;
    struct error err = { 0 };
    must(start_overridden(&s, &out, &err), &err);
    assert_int_equal(out->config->cmd.count, 1);
    assert_text_is(out->config->cmd.items[0], "true");
    assert_int_equal(out->config->entrypoint.count, 0);

    given_stopped(&s);
    given_started(&s); /* empty lists replace nothing (INST-ST-023) */
    assert_text_is(stored(&s)->config->cmd.items[0], "true");
    const struct instance_config *config = stored(&s)->config;
    given_stopped(&s);
    assert_ptr_equal(stored(&s)->config, config);
}

static void a_guest_without_an_agent_does_not_say_how_it_ended(void **state) /* INST-ST-014 */
{
    struct fixture *f = *state;
    struct instance_request request = request_for("web");
    request.config.skip_guest_agent = true;
    struct scene s = running_scene(f, &request);
    given_stopped(&s);
    assert_false(stored(&s)->has_exit_code);
    assert_string_equal(instance_exit_text(stored(&s)).text, "");
}

static void a_guest_that_ended_by_itself_stays_in_its_phase_until_the_next_start(void **state)
{
    struct fixture *f = *state;
    struct scene s = scene_in(f, INSTANCE_RUNNING);
    const int64_t stopped_at_ns = stored(&s)->stopped_at_ns;
    const int64_t since_ns = stored(&s)->phases.since_ns;
    struct instance_edit edit;
    struct error err = { 0 };
    pass(&s, NS_PER_SEC);
    must(instance_edit_begin(&edit, f->world, id_of(&s), &err), &err);
    transition_exit(&edit.next, 3);
    must(instance_edit_commit(&edit, (struct history_event){ .kind = HISTORY_EXITED }, NULL, &err),
         &err);

    const struct instance *ended = stored(&s);
    assert_int_equal(ended->state, INSTANCE_STOPPED); /* INST-G-004 */
    assert_int_equal(ended->stopped_at_ns, stopped_at_ns);
    assert_string_equal(instance_exit_text(ended).text, "exit code 3");
    pass(&s, NS_PER_SEC);
    given_stopped(&s); /* has nothing to do, and books nothing (INST-J-043) */
    assert_ptr_equal(stored(&s), ended);

    given_started(&s);
    const struct phase_ledger *phases = &stored(&s)->phases;
    assert_int_equal(phase_ledger_spent_ns(phases, PHASE_STOPPED, f->fake.now_ns), 0);
    assert_true(phase_ledger_spent_ns(phases, PHASE_RUNNING, f->fake.now_ns) >=
                f->fake.now_ns - since_ns);
    assert_false(stored(&s)->has_exit_code);
}

#define ON_WORLD(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_WORLD(every_operation_in_every_state_ends_as_the_table_says),
        ON_WORLD(every_fork_ends_as_its_source_and_target_say),
        ON_WORLD(every_operation_has_the_effects_on_fields_that_the_table_says),
        ON_WORLD(a_stop_blocks_restarts_and_a_start_forgets_it_whatever_comes_of_them),
        ON_WORLD(a_start_keeps_its_overrides_for_the_next_ones),
        ON_WORLD(a_guest_without_an_agent_does_not_say_how_it_ended),
        ON_WORLD(a_guest_that_ended_by_itself_stays_in_its_phase_until_the_next_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
