/* Every operation, failing every allocation once, with and without a list open beside it: it is
 * done whole or not at all, and nothing leaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/image.h"
#include "mock/domain/instance_edit.h"
#include "mock/domain/instance_force.h"
#include "mock/domain/instances.h"
#include "mock/domain/snapshot_create.h"
#include "mock/domain/snapshot_force.h"
#include "mock/domain/snapshots.h"
#include "tests/unit/mock/domain/scene.h"
#include "tests/unit/mock/domain/world_check.h"

/* --- scenes ---------------------------------------------------------------------------------- */

typedef struct scene scene_maker(struct fixture *f);

static struct scene running(struct fixture *f)
{
    struct scene s = scene_in(f, INSTANCE_RUNNING);
    s.fork = (struct fork_request){ .name = TEXT("copy"), .from_running = true };
    return s;
}

static struct scene asleep(struct fixture *f)
{
    struct scene s = scene_in(f, INSTANCE_STANDBY);
    s.fork = (struct fork_request){ .name = TEXT("copy"),
                                    .has_target = true,
                                    .target = INSTANCE_RUNNING };
    return s;
}

static struct scene stopped(struct fixture *f)
{
    struct scene s = scene_in(f, INSTANCE_STOPPED);
    s.fork = (struct fork_request){ .name = TEXT("copy"),
                                    .has_target = true,
                                    .target = INSTANCE_RUNNING };
    return s;
}

static struct scene initializing(struct fixture *f)
{
    return scene_in(f, INSTANCE_INITIALIZING);
}

/* Of which a stop has something to change, if only the restart status, and a start too. */
static struct scene stopped_by_itself(struct fixture *f)
{
    struct scene s = scene_eventful(f);
    force_state(f, scene_id(&s), INSTANCE_STOPPED);
    return s;
}

static struct scene asleep_by_itself(struct fixture *f)
{
    struct scene s = scene_eventful(f);
    (void)scene_do(&s, do_standby);
    return s;
}

static struct scene without_image(struct scene s)
{
    struct error err = { 0 };
    bool done = world_set_image(s.f->world, TEXT("alpine"), IMAGE_MISSING, &err);
    assert_done(done, &err);
    return s;
}

static struct scene running_without_image(struct fixture *f)
{
    struct scene s = without_image(running(f));
    s.fork.has_target = true;
    s.fork.target = INSTANCE_STANDBY;
    return s;
}

static struct scene stopped_without_image(struct fixture *f)
{
    return without_image(stopped_by_itself(f));
}

/* The snapshot is one that is being compressed, for longer than this takes. */
static struct scene compressing(struct fixture *f)
{
    struct scene s = running(f);
    struct snapshot_request request = {
        .kind = SNAPSHOT_STANDBY,
        .name = TEXT("compressing"),
        .compression = { .present = true, .enabled = true, .level = COMPRESSION_LEVEL_UNSET },
    };
    const struct snapshot *snapshot = NULL;
    struct error err = { 0 };
    bool done = snapshot_create(f->world, scene_id(&s), &request, &snapshot, &err);
    assert_done(done, &err);
    memcpy(s.snapshot, snapshot->id.data, sizeof s.snapshot);
    (void)scene_do(&s, do_stop);
    return s;
}

static struct scene compressing_without_image(struct fixture *f)
{
    return without_image(compressing(f));
}

/* A Stopped snapshot to be put back on another hypervisor, and a volume that is somebody else's by
 * now: the restored configuration is neither the present one nor the captured one. */
static struct scene elsewhere(struct fixture *f)
{
    struct scene s = stopped(f);
    static const struct volume_attachment taken = { { "vol", 3 }, { "/d", 2 }, false, false, 0 };
    const struct snapshot *snapshot =
        given_snapshot(f, scene_stored(&s), SNAPSHOT_STOPPED, "stopped");
    struct instance_request taker = request_for("taker");
    memcpy(s.snapshot, snapshot->id.data, sizeof s.snapshot);
    (void)scene_do(&s, do_detach);
    taker.config.volumes = &taken;
    taker.config.volume_count = 1;
    (void)given_request(f, &taker);
    s.target = (struct snapshot_target){ .has_state = true,
                                         .state = INSTANCE_RUNNING,
                                         .hypervisor = HYPERVISOR_QEMU };
    return s;
}

/* A full history, of which the older half is to be forgotten. */
static struct scene eventful(struct fixture *f)
{
    struct scene s = running(f);
    while (scene_stored(&s)->history->count < HISTORY_MAX)
        force_state(f, scene_id(&s), INSTANCE_RUNNING);
    return s;
}

/* --- more operations than scene.h has --------------------------------------------------------- */

static bool create(const struct scene *s, const struct instance **out, struct error *err)
{
    struct instance_request request = request_for("new");
    return instance_create(s->f->world, &request, out, err);
}

static bool force(const struct scene *s, const struct instance **out, struct error *err)
{
    return instance_force_state(s->f->world, scene_id(s), INSTANCE_UNKNOWN, out, err);
}

static bool fail_compression(const struct scene *s, const struct instance **out, struct error *err)
{
    const struct snapshot *failed = NULL;
    (void)out;
    return snapshot_fail_compression(s->f->world, scene_snapshot_id(s), &failed, err);
}

/* --- the table ------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    scene_maker *scene;
    operation *run;
    enum error_code ends_with; /* with memory enough */
} rows[] = {
    { "create", running, create, ERROR_NONE },
    { "standby", running, do_standby, ERROR_NONE },
    { "standby with a full history", eventful, do_standby, ERROR_NONE },
    { "restore", asleep, do_restore, ERROR_NONE },
    { "stop", running, do_stop, ERROR_NONE },
    { "stop while booting", initializing, do_stop, ERROR_NONE },
    { "stop with nothing to stop", stopped_by_itself, do_stop, ERROR_NONE },
    { "stop in standby", asleep_by_itself, do_stop, ERROR_INVALID_STATE },
    { "start", stopped, do_start, ERROR_NONE },
    { "start after restarts", stopped_by_itself, do_start, ERROR_NONE },
    { "start with overrides", stopped, do_start_overridden, ERROR_NONE },
    { "start in standby", asleep_by_itself, do_start, ERROR_INVALID_STATE },
    { "start without image", stopped_without_image, do_start, ERROR_NOT_FOUND },
    { "fork of a stopped one", stopped, do_fork, ERROR_NONE },
    { "fork of one in standby", asleep, do_fork, ERROR_NONE },
    { "fork of a running one", running, do_fork, ERROR_NONE },
    { "fork of a running one that cannot resume", running_without_image, do_fork, ERROR_NOT_FOUND },
    { "delete", running, do_delete, ERROR_NONE },
    { "patch", running, do_patch, ERROR_NONE },
    { "patch of env", running, do_patch_env, ERROR_NONE },
    { "Standby snapshot of a running one", running, do_capture_standby, ERROR_NONE },
    { "Standby snapshot of one in standby", asleep, do_capture_standby, ERROR_NONE },
    { "Stopped snapshot", stopped, do_capture_stopped, ERROR_NONE },
    { "snapshot restore", asleep, do_restore_snapshot, ERROR_NONE },
    { "snapshot restore while it is compressed", compressing, do_restore_snapshot, ERROR_NONE },
    { "snapshot restore without image", compressing_without_image, do_restore_snapshot,
      ERROR_NOT_FOUND },
    { "snapshot restore elsewhere", elsewhere, do_restore_snapshot, ERROR_NONE },
    { "snapshot fork", asleep, do_fork_snapshot, ERROR_NONE },
    { "snapshot fork while it is compressed", compressing, do_fork_snapshot, ERROR_NONE },
    { "snapshot fork without image", compressing_without_image, do_fork_snapshot, ERROR_INTERNAL },
    { "snapshot fork elsewhere", elsewhere, do_fork_snapshot, ERROR_NONE },
    { "snapshot delete", compressing, do_delete_snapshot, ERROR_NONE },
    { "compression that fails", compressing, fail_compression, ERROR_NONE },
    { "volume attach", running, do_attach, ERROR_NONE },
    { "volume detach", running, do_detach, ERROR_NONE },
    { "forced state", running, force, ERROR_NONE },
};

/* Lists that hold on to the world as it is, so that every change has to copy its paths. */
struct open_lists {
    struct instance_cursor instances;
    struct snapshot_cursor snapshots;
};

static void open_lists(const struct fixture *f, struct open_lists *lists)
{
    instance_cursor_open(&lists->instances, f->world, &(struct instance_filter){ 0 });
    snapshot_cursor_open(&lists->snapshots, f->world, &(struct snapshot_filter){ 0 });
}

static void close_lists(struct open_lists *lists)
{
    instance_cursor_close(&lists->instances);
    snapshot_cursor_close(&lists->snapshots);
}

static bool same_text(const struct buffer *a, const struct buffer *b)
{
    return text_equal(buffer_text(a), buffer_text(b));
}

/* The number of allocations it takes. */
static size_t exhaust(struct fixture *f, const char *name, const struct scene *s, operation *run,
                      enum error_code ends_with, bool with_lists)
{
    for (size_t allowed = 0;; allowed++) {
        struct open_lists lists = { 0 };
        struct buffer before = world_text(f->world);
        const struct instance *out = NULL;
        struct error err = { 0 };
        if (with_lists)
            open_lists(f, &lists);
        f->fake.allowed = allowed;
        bool done = run(s, &out, &err);
        f->fake.allowed = FAKE_ENV_NEVER_FAILS;
        close_lists(&lists);

        struct buffer after = world_text(f->world);
        bool unchanged = same_text(&before, &after);
        buffer_fini(&before);
        buffer_fini(&after);
        assert_world_is_sound(f->world);
        if (err.code != ERROR_NO_MEMORY) {
            if (err.code != ends_with || done != (ends_with == ERROR_NONE) || unchanged)
                fail_msg("%s: %s %s", name, error_code_name(err.code), err.message);
            return allowed;
        }
        if (done || !unchanged || out != NULL || strcmp(err.message, "out of memory") != 0)
            fail_msg("%s, allocation %zu: %s", name, allowed, err.message);
    }
}

static void every_operation_is_done_whole_or_not_at_all(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows) * 2; i++) {
        const bool with_lists = i % 2 == 1;
        struct scene s = rows[i / 2].scene(f);
        size_t needed =
            exhaust(f, rows[i / 2].name, &s, rows[i / 2].run, rows[i / 2].ends_with, with_lists);
        /* Only a delete needs no memory, and with a list open it does too. */
        assert_true(needed > 0 || rows[i / 2].run == do_delete ||
                    rows[i / 2].run == do_delete_snapshot);
        fixture_restart(f, world_settings(f->world));
        assert_int_equal(f->fake.live_blocks, 1); /* the empty world */
    }
}

#define ON_WORLD(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_WORLD(every_operation_is_done_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
