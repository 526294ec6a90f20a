#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mock/domain/change.h"
#include "mock/domain/instance_record.h"
#include "mock/domain/instances.h"
#include "mock/domain/snapshot_record.h"
#include "mock/domain/snapshots.h"
#include "mock/domain/transition.h"
#include "mock/domain/world_state.h"
#include "tests/unit/mock/domain/world_fixture.h"

static const struct schedule *schedule_of(const struct fixture *f, int64_t next_run_at_ns)
{
    return schedule_new(&f->fake.env.mem, &(struct schedule){ .instance_id = TEXT("vm-1"),
                                                              .next_run_at_ns = next_run_at_ns });
}

static const struct schedule *stored_schedule(const struct fixture *f)
{
    return cow_map_find(&f->world->schedules.maps[SCHEDULES_BY_INSTANCE],
                        (struct cow_key){ .major = TEXT("vm-1") });
}

/* Two instances, a snapshot and a schedule, of which one goes, one comes and two are replaced. */
static bool change_four(struct fixture *f, const struct instance *going,
                        const struct instance *edited, const struct snapshot *snapshot,
                        struct error *err)
{
    const struct mem *mem = &f->fake.env.mem;
    struct instance halted = *edited;
    transition_exit(&halted, 3);
    struct change change = change_of(f->world);
    change_remove_instance(&change, going);
    change_instance(
        &change, edited,
        instance_new_after(mem, &halted, (struct history_event){ .kind = HISTORY_EXITED }));
    change_snapshot(&change, snapshot, snapshot_new_uncompressed(mem, snapshot));
    change_schedule(&change, NULL, schedule_of(f, 60));
    return change_commit(&change, err);
}

static void records_of_all_kinds_change_together_or_not_at_all(void **state)
{
    struct fixture *f = *state;
    const struct instance *going = given_running(f, "going");
    const struct instance *edited = given_running(f, "edited");
    const struct snapshot *snapshot = given_snapshot(f, going, SNAPSHOT_STANDBY, "s");
    going = instances_find(f->world, snapshot->source->config->id);

    for (size_t failures = 0;; failures++) {
        const uint64_t revision = world_revision(f->world);
        const struct capacity_use used = world_capacity_use(f->world);
        struct instance_cursor open; /* the maps are shared, so that changes need memory */
        struct error err = { 0 };
        instance_cursor_open(&open, f->world, &(struct instance_filter){ 0 });
        f->fake.allowed = failures;
        bool done = change_four(f, going, edited, snapshot, &err);
        f->fake.allowed = FAKE_ENV_NEVER_FAILS;
        instance_cursor_close(&open);
        if (done) {
            assert_true(world_revision(f->world) > revision);
            break;
        }
        assert_int_equal(err.code, ERROR_NO_MEMORY);
        assert_int_equal(world_revision(f->world), revision);
        assert_memory_equal(&used, &f->world->used, sizeof used);
        assert_int_equal(world_instance_count(f->world), 2);
        assert_null(stored_schedule(f));
    }
    assert_int_equal(world_instance_count(f->world), 1);
    assert_int_equal(stored_schedule(f)->next_run_at_ns, 60);
    assert_int_equal(f->world->used.used[CAPACITY_CPU], 0);
}

static void any_number_of_records_change_together_or_not_at_all(void **state)
{
    enum { COUNT = 300 };
    struct fixture *f = *state;
    const struct instance *source = given_running(f, "web");
    const struct snapshot *snapshots[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        snapshots[i] = given_snapshot(f, source, SNAPSHOT_STANDBY, NULL);
        source = instances_find(f->world, snapshots[0]->source->config->id);
    }
    struct snapshot_cursor open; /* the maps are shared, so that changes need memory */
    snapshot_cursor_open(&open, f->world, &(struct snapshot_filter){ 0 });

    size_t most = 0;
    for (size_t failures = 0;; failures++) {
        const size_t blocks = f->fake.live_blocks;
        struct error err = { 0 };
        f->fake.allowed = failures;
        struct change change = change_of(f->world);
        change_schedule(&change, NULL, schedule_of(f, 60));
        for (size_t i = 0; i < COUNT; i++)
            change_remove_snapshot(&change, snapshots[i]);
        bool done = change_commit(&change, &err);
        f->fake.allowed = FAKE_ENV_NEVER_FAILS;
        most = failures;
        if (done)
            break;
        assert_int_equal(err.code, ERROR_NO_MEMORY);
        assert_int_equal(world_snapshot_count(f->world), COUNT);
        assert_null(stored_schedule(f));
        assert_int_equal(f->fake.live_blocks, blocks);
    }
    assert_int_equal(world_snapshot_count(f->world), 0);
    assert_non_null(stored_schedule(f));
    /* In each of two indexes one for a node and one for a change, and a few for what is new. */
    assert_in_range(most, COUNT, 2 * 2 * COUNT + 20);
    snapshot_cursor_close(&open);
}

static void a_record_may_change_its_place_in_an_index(void **state)
{
    struct fixture *f = *state;
    struct error err = { 0 };
    for (int64_t due = 300; due > 0; due -= 100) {
        struct change change = change_of(f->world);
        change_schedule(&change, stored_schedule(f), schedule_of(f, due));
        assert_true(change_commit(&change, &err));
        assert_int_equal(f->world->schedules.maps[SCHEDULES_BY_DUE].count, 1);
    }
    struct change change = change_of(f->world);
    change_remove_schedule(&change, stored_schedule(f));
    assert_true(change_commit(&change, &err));
    assert_int_equal(f->world->schedules.maps[SCHEDULES_BY_DUE].count, 0);
}

static void nothing_is_due_in_an_empty_world(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(world_next_event_ns(f->world), INT64_MAX);
    world_advance(f->world);
    assert_int_equal(world_revision(f->world), 0);
}

#define ON_WORLD(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_WORLD(records_of_all_kinds_change_together_or_not_at_all),
        ON_WORLD(any_number_of_records_change_together_or_not_at_all),
        ON_WORLD(a_record_may_change_its_place_in_an_index),
        ON_WORLD(nothing_is_due_in_an_empty_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
