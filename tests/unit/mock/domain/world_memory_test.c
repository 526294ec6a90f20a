/* What the world does without memory, and how much of it a snapshot takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/instances.h"
#include "mock/domain/snapshots.h"
#include "tests/unit/mock/domain/world_fixture.h"

static void assert_out_of_memory(const struct error *err)
{
    assert_error_is(err, ERROR_NO_MEMORY, "out of memory");
}

static void a_world_without_memory_is_not_made(void **state)
{
    (void)state;
    struct fake_env fake;
    fake_env_init(&fake);
    fake.allowed = 0;
    struct world_settings settings = world_settings_default();
    assert_null(world_new(&fake.env, &settings));
}

static void an_instance_is_created_whole_or_not_at_all(void **state)
{
    struct fixture *f = *state;
    given_instance(f, "first");
    struct instance_filter all = { 0 };
    struct instance_cursor open; /* makes the trees shared, so that paths must be copied */
    instance_cursor_open(&open, f->world, &all);
    static const struct volume_attachment volume = { { "v", 1 }, { "/d", 2 }, true, false, 0 };
    struct instance_request request = request_for("second");
    request.config.volumes = &volume;
    request.config.volume_count = 1;

    const struct instance *instance = NULL;
    size_t failures = 0;
    for (bool created = false; !created; failures++) {
        struct error err = { 0 };
        f->fake.allowed = failures;
        created = instance_create(f->world, &request, &instance, &err);
        f->fake.allowed = FAKE_ENV_NEVER_FAILS;
        if (created)
            break;
        assert_out_of_memory(&err);
        assert_null(instance);
        assert_int_equal(world_instance_count(f->world), 1);
        assert_int_equal(world_capacity_use(f->world).used[CAPACITY_CPU], 2);
        struct error absent = { 0 };
        assert_false(instances_resolve(f->world, TEXT("second"), &instance, &absent));
    }
    assert_in_range(failures, 5, 20);
    assert_string_equal(network_ip_text(&instance->address).text, "10.100.0.3");
    instance_cursor_close(&open);
}

static void a_snapshot_is_created_whole_or_not_at_all(void **state)
{
    struct fixture *f = *state;
    const struct instance *source = given_running(f, "web");
    given_snapshot(f, source, SNAPSHOT_STANDBY, "first");
    struct instance_filter all = { 0 };
    struct snapshot_filter every = { 0 };
    struct instance_cursor open;
    struct snapshot_cursor also_open;
    instance_cursor_open(&open, f->world, &all);
    snapshot_cursor_open(&also_open, f->world, &every);
    source = instance_cursor_next(&open);
    f->fake.now_ns += NS_PER_SEC;

    struct snapshot_request request = { .kind = SNAPSHOT_STANDBY, .name = TEXT("second") };
    const struct snapshot *snapshot = NULL;
    size_t failures = 0;
    for (;; failures++) {
        struct error err = { 0 };
        f->fake.allowed = failures;
        bool created = snapshot_create(f->world, source->config->id, &request, &snapshot, &err);
        f->fake.allowed = FAKE_ENV_NEVER_FAILS;
        if (created)
            break;
        assert_out_of_memory(&err);
        assert_null(snapshot);
        assert_int_equal(world_snapshot_count(f->world), 1);
        assert_ptr_equal(instances_find(f->world, source->config->id), source);
    }
    assert_in_range(failures, 5, 20);
    assert_ptr_not_equal(instances_find(f->world, source->config->id), source);
    instance_cursor_close(&open);
    snapshot_cursor_close(&also_open);
}

static void deleting_beside_an_open_list_happens_whole_or_not_at_all(void **state)
{
    struct fixture *f = *state;
    struct instance_request request = request_for("web");
    const struct instance *source = given_state(f, &request, INSTANCE_STOPPED);
    for (int i = 0; i < 20; i++) {
        char name[8];
        snprintf(name, sizeof name, "s-%d", i);
        given_snapshot(f, source, SNAPSHOT_STOPPED, name);
        given_instance(f, name);
    }
    struct instance_filter all = { 0 };
    struct snapshot_filter every = { 0 };
    struct instance_cursor open;
    struct snapshot_cursor also_open;
    instance_cursor_open(&open, f->world, &all);
    snapshot_cursor_open(&also_open, f->world, &every);
    const struct instance *instance = instance_cursor_next(&open);
    const struct snapshot *snapshot = snapshot_cursor_next(&also_open);

    size_t failures = 0;
    for (;; failures++) {
        struct error err = { 0 };
        f->fake.allowed = failures;
        bool deleted = snapshots_delete(f->world, snapshot->id, &err);
        f->fake.allowed = FAKE_ENV_NEVER_FAILS;
        if (deleted)
            break;
        assert_out_of_memory(&err);
        assert_int_equal(world_snapshot_count(f->world), 20);
    }
    for (;; failures++) {
        struct error err = { 0 };
        f->fake.allowed = failures;
        bool deleted = instances_delete(f->world, instance->config->id, &err);
        f->fake.allowed = FAKE_ENV_NEVER_FAILS;
        if (deleted)
            break;
        assert_out_of_memory(&err);
        assert_int_equal(world_instance_count(f->world), 21);
    }
    assert_true(failures > 0);
    assert_int_equal(world_snapshot_count(f->world), 19);
    assert_int_equal(world_instance_count(f->world), 20);
    instance_cursor_close(&open);
    snapshot_cursor_close(&also_open);
}

static void deleting_needs_no_memory_when_no_list_is_open(void **state)
{
    struct fixture *f = *state;
    const struct instance *source = given_running(f, "web");
    const struct snapshot *snapshot = given_snapshot(f, source, SNAPSHOT_STANDBY, "s");
    struct error err = { 0 };
    f->fake.allowed = 0;
    assert_true(instances_delete(f->world, snapshot->source->config->id, &err));
    assert_true(snapshots_delete(f->world, snapshot->id, &err));
    f->fake.allowed = FAKE_ENV_NEVER_FAILS;
}

static size_t bytes_per_snapshot(struct fixture *f, enum snapshot_kind kind, size_t count)
{
    struct instance_request request = request_for("web");
    enum instance_state state = kind == SNAPSHOT_STOPPED ? INSTANCE_STOPPED : INSTANCE_RUNNING;
    const struct instance *source = given_state(f, &request, state);
    char id[24];
    memcpy(id, source->config->id.data, sizeof id);
    size_t before = f->fake.live_bytes;
    for (size_t i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "nightly-%zu", i);
        struct snapshot_request capture = { .kind = kind, .name = text_of(name) };
        const struct snapshot *snapshot = NULL;
        struct error err = { 0 };
        assert_true(snapshot_create(f->world, (struct text){ id, 24 }, &capture, &snapshot, &err));
    }
    return (f->fake.live_bytes - before) / count;
}

/* A million snapshots fit into 700 MB. The worst kind is that of a Running source: each capture
 * has a state of the instance of its own. */
static void a_named_snapshot_takes_little_memory(void **state)
{
    struct fixture *f = *state;
    size_t stopped = bytes_per_snapshot(f, SNAPSHOT_STOPPED, 10000);
    fixture_restart(f, world_settings(f->world));
    size_t standby = bytes_per_snapshot(f, SNAPSHOT_STANDBY, 10000);
    print_message("bytes per named snapshot: %zu of a stopped source, %zu of a running one\n",
                  stopped, standby);
    assert_in_range(stopped, 1, 450);
    assert_in_range(standby, 1, 620);
}

#define ON_WORLD(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_world_without_memory_is_not_made),
        ON_WORLD(an_instance_is_created_whole_or_not_at_all),
        ON_WORLD(a_snapshot_is_created_whole_or_not_at_all),
        ON_WORLD(deleting_beside_an_open_list_happens_whole_or_not_at_all),
        ON_WORLD(deleting_needs_no_memory_when_no_list_is_open),
        ON_WORLD(a_named_snapshot_takes_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
