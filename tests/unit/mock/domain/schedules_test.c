/* Setting, getting and deleting schedules: snapshots.md section 11, SCHED-P, SCHED-G, SCHED-D. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/instances.h"
#include "mock/domain/schedule_policy.h"
#include "mock/domain/world_state.h"
#include "tests/unit/mock/domain/schedule_fixture.h"

static const struct schedule_settings hourly = { .interval_ns = HOUR, .max_count = 3 };

/* SCHED-P-001, SCHED-P-020. */
static void a_first_schedule_starts_now_and_has_not_run(void **state)
{
    struct fixture *f = *state;
    const struct resource_id id = id_of(given_instance(f, "web"));
    const struct schedule_settings settings = {
        .interval_ns = HOUR,
        .name_prefix = TEXT("nightly"),
        .metadata = PAIRS(PAIR("team", "backend")),
        .max_count = 7,
        .max_age_ns = DAY,
    };
    const struct schedule *schedule = given_schedule(f, TEXT_OF(id), &settings);
    assert_true(text_equal(schedule->instance_id, TEXT_OF(id)));
    assert_int_equal(schedule->interval_ns, HOUR);
    assert_text_is(schedule->name_prefix, "nightly");
    assert_int_equal(schedule->metadata.count, 1);
    assert_text_is(schedule->metadata.items[0].value, "backend");
    assert_int_equal(schedule->max_count, 7);
    assert_int_equal(schedule->max_age_ns, DAY);
    assert_int_equal(schedule->created_at_ns, f->fake.now_ns);
    assert_int_equal(schedule->updated_at_ns, f->fake.now_ns);
    assert_int_equal(schedule->next_run_at_ns,
                     schedule_first_run_ns(TEXT_OF(id), HOUR, f->fake.now_ns));
    assert_int_equal(schedule->last_run_at_ns, 0);
    assert_int_equal(schedule->last_snapshot_id.len, 0);
    assert_int_equal(schedule->last_error.len, 0);
    assert_ptr_equal(find_schedule(f, TEXT_OF(id)), schedule);
}

/* SCHED-P-002. */
static void an_instance_in_any_state_may_have_a_schedule(void **state)
{
    static const struct volume_attachment writable = { { "v", 1 }, { "/d", 2 }, false, false, 0 };
    struct fixture *f = *state;
    for (enum instance_state s = 0; s < INSTANCE_STATE_COUNT; s++) {
        struct instance_request request = request_for("x");
        request.config.network.enabled = false;
        const struct resource_id id = id_of(given_state(f, &request, s));
        given_schedule(f, TEXT_OF(id), &hourly);
    }
    struct instance_request request = request_for("y");
    request.config.volumes = &writable;
    request.config.volume_count = 1;
    const struct resource_id id = id_of(given_request(f, &request));
    given_schedule(f, TEXT_OF(id), &hourly);
}

/* SCHED-P-006, SCHED-P-010, SCHED-P-011, SCHED-P-018 in their order; SCHED-P-025. */
static void settings_are_judged_in_order_and_a_refusal_changes_nothing(void **state)
{
#define SHORT   "invalid request: interval must be at least 1m0s"
#define NO_KEY  "invalid request: invalid tags: key \"\" length 0 out of range [1,128]"
#define BAD_KEY "invalid request: invalid tags: key \"a#b\" contains unsupported characters"
#define AGE     "invalid request: retention.max_age must be >= 0"
#define NEITHER "invalid request: retention.max_count or retention.max_age must be set"
    static const struct pair empty[] = { { { "", 0 }, { "", 0 } } };
    static const struct pair odd[] = { { { "a#b", 3 }, { "", 0 } } };
    static const struct {
        struct schedule_settings settings;
        const char *field, *message;
    } rows[] = {
        { { .interval_ns = MINUTE - 1, .max_count = 1 }, "interval", SHORT },
        { { .interval_ns = 0, .max_count = 1 }, "interval", SHORT },
        { { .interval_ns = -HOUR, .metadata = { empty, 1 } }, "interval", SHORT },
        { { .interval_ns = MINUTE, .metadata = { empty, 1 }, .max_age_ns = -1 }, "tags", NO_KEY },
        { { .interval_ns = MINUTE, .metadata = { odd, 1 }, .max_count = 1 }, "tags", BAD_KEY },
        { { .interval_ns = MINUTE, .max_age_ns = -1 }, "retention", AGE },
        { { .interval_ns = MINUTE, .max_age_ns = -1, .max_count = 1 }, "retention", AGE },
        { { .interval_ns = MINUTE }, "retention", NEITHER },
    };
    struct fixture *f = *state;
    const struct resource_id id = id_of(given_instance(f, "web"));
    const struct schedule *before = given_schedule(f, TEXT_OF(id), &hourly);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct schedule *schedule = NULL;
        struct error err = { 0 };
        assert_false(schedules_set(f->world, TEXT_OF(id), &rows[i].settings, &schedule, &err));
        assert_error_is(&err, ERROR_INVALID_ARGUMENT, rows[i].message);
        assert_string_equal(err.field, rows[i].field);
        assert_null(schedule);
        assert_ptr_equal(find_schedule(f, TEXT_OF(id)), before);
    }
}

static void an_unknown_instance_cannot_have_a_schedule(void **state)
{
    struct fixture *f = *state;
    const struct schedule *schedule = NULL;
    struct error err = { 0 };
    assert_false(schedules_set(f->world, TEXT("nobody"), &hourly, &schedule, &err));
    assert_error_is(&err, ERROR_NOT_FOUND, "instance not found");
}

/* SCHED-P-021: even when the next run lies in the past. */
static void the_same_interval_keeps_the_cadence(void **state)
{
    struct fixture *f = *state;
    const struct resource_id id = id_of(given_running(f, "web"));
    const struct schedule *schedule = given_schedule(f, TEXT_OF(id), &hourly);
    const int64_t created = schedule->created_at_ns;
    const int64_t next_run = schedule->next_run_at_ns;

    f->fake.now_ns = next_run + 1; /* before the poll that will see it */
    world_advance(f->world);
    const struct schedule_settings other = { .interval_ns = HOUR, .max_age_ns = DAY };
    schedule = given_schedule(f, TEXT_OF(id), &other);
    assert_int_equal(schedule->next_run_at_ns, next_run);
    assert_int_equal(schedule->created_at_ns, created);
    assert_int_equal(schedule->updated_at_ns, f->fake.now_ns);

    pass(f, MINUTE);
    assert_int_equal(find_schedule(f, TEXT_OF(id))->next_run_at_ns, next_run + HOUR);
}

/* SCHED-P-022. */
static void another_interval_starts_a_new_cadence(void **state)
{
    struct fixture *f = *state;
    const struct resource_id id = id_of(given_running(f, "web"));
    const int64_t created = given_schedule(f, TEXT_OF(id), &hourly)->created_at_ns;
    pass(f, 10 * MINUTE);
    const struct schedule_settings other = { .interval_ns = 2 * HOUR, .max_count = 3 };
    const struct schedule *schedule = given_schedule(f, TEXT_OF(id), &other);
    assert_int_equal(schedule->next_run_at_ns,
                     schedule_first_run_ns(TEXT_OF(id), 2 * HOUR, f->fake.now_ns));
    assert_int_equal(schedule->created_at_ns, created);
}

/* SCHED-P-023, SCHED-P-024. */
static void setting_again_replaces_the_settings_and_keeps_what_runs_left(void **state)
{
    struct fixture *f = *state;
    const struct resource_id id = id_of(given_running(f, "web"));
    const struct schedule_settings full = { .interval_ns = HOUR,
                                            .name_prefix = TEXT("nightly"),
                                            .metadata = PAIRS(PAIR("a", "b")),
                                            .max_count = 3,
                                            .max_age_ns = DAY };
    given_schedule(f, TEXT_OF(id), &full);
    pass(f, 2 * HOUR);
    const struct schedule ran = *find_schedule(f, TEXT_OF(id));
    assert_int_equal(ran.last_snapshot_id.len, RESOURCE_ID_LEN);
    char last_snapshot_id[RESOURCE_ID_LEN];
    memcpy(last_snapshot_id, ran.last_snapshot_id.data, sizeof last_snapshot_id);

    const struct schedule_settings bare[] = { { .interval_ns = HOUR, .max_age_ns = HOUR },
                                              { .interval_ns = 2 * HOUR, .max_count = 1 } };
    for (size_t i = 0; i < ARRAY_LEN(bare); i++) {
        const struct schedule *schedule = given_schedule(f, TEXT_OF(id), &bare[i]);
        assert_int_equal(schedule->name_prefix.len, 0);
        assert_int_equal(schedule->metadata.count, 0);
        assert_int_equal(schedule->max_count, bare[i].max_count);
        assert_int_equal(schedule->max_age_ns, bare[i].max_age_ns);
        assert_int_equal(schedule->last_run_at_ns, ran.last_run_at_ns);
        assert_memory_equal(schedule->last_snapshot_id.data, last_snapshot_id, RESOURCE_ID_LEN);
        assert_int_equal(schedule->last_error.len, 0);
    }
}

/* SCHED-G-002, SCHED-D-001, SCHED-D-002. */
static void a_deleted_schedule_is_gone(void **state)
{
    struct fixture *f = *state;
    const struct resource_id id = id_of(given_instance(f, "web"));
    for (int round = 0; round < 2; round++) {
        const struct schedule *schedule = NULL;
        struct error err = { 0 };
        assert_false(schedules_get(f->world, TEXT_OF(id), &schedule, &err));
        assert_error_is(&err, ERROR_NOT_FOUND, "snapshot schedule not found");
        err = (struct error){ 0 };
        assert_false(schedules_delete(f->world, TEXT_OF(id), &err));
        assert_error_is(&err, ERROR_NOT_FOUND, "snapshot schedule not found");

        err = (struct error){ 0 };
        given_schedule(f, TEXT_OF(id), &hourly);
        assert_true(schedules_get(f->world, TEXT_OF(id), &schedule, &err));
        assert_true(schedules_delete(f->world, TEXT_OF(id), &err));
    }
    pass(f, DAY);
    assert_int_equal(world_snapshot_count(f->world), 0);
}

/* SCHED-D-003, SCHED-D-004. */
static void a_schedule_after_a_deleted_one_is_fresh_and_cleans_up_after_it(void **state)
{
    struct fixture *f = *state;
    const struct resource_id id = id_of(given_running(f, "web"));
    struct error err = { 0 };
    given_schedule(f, TEXT_OF(id), &hourly);
    pass(f, 4 * HOUR + 30 * MINUTE);
    assert_int_equal(world_snapshot_count(f->world), 3);
    assert_true(schedules_delete(f->world, TEXT_OF(id), &err));
    pass(f, DAY);
    assert_int_equal(world_snapshot_count(f->world), 3);

    const struct schedule_settings one = { .interval_ns = HOUR, .max_count = 1 };
    const struct schedule *fresh = given_schedule(f, TEXT_OF(id), &one);
    assert_int_equal(fresh->created_at_ns, f->fake.now_ns);
    assert_int_equal(fresh->next_run_at_ns,
                     schedule_first_run_ns(TEXT_OF(id), HOUR, f->fake.now_ns));
    assert_int_equal(fresh->last_run_at_ns, 0);
    assert_int_equal(fresh->last_snapshot_id.len, 0);
    pass(f, HOUR + 10 * MINUTE);
    assert_int_equal(world_snapshot_count(f->world), 1);
}

static void a_schedule_is_set_and_deleted_whole_or_not_at_all(void **state)
{
    enum { FIRST, AGAIN, DELETED, STEPS };
    struct fixture *f = *state;
    const struct resource_id id = id_of(given_instance(f, "web"));
    const struct resource_id other = id_of(given_instance(f, "other"));
    given_schedule(f, TEXT_OF(other), &hourly);
    for (int step = FIRST; step < STEPS; step++) {
        const struct schedule *before = find_schedule(f, TEXT_OF(id));
        const struct schedule_settings settings = { .interval_ns = (step + 1) * HOUR,
                                                    .max_count = 1,
                                                    .metadata = PAIRS(PAIR("a", "b")) };
        size_t failures = 0;
        for (;; failures++) {
            struct cow_map shared[] = { cow_map_retain(&f->world->schedules.maps[0]),
                                        cow_map_retain(&f->world->schedules.maps[1]) };
            const struct schedule *schedule = NULL;
            struct error err = { 0 };
            f->fake.allowed = failures;
            bool done = step == DELETED
                            ? schedules_delete(f->world, TEXT_OF(id), &err)
                            : schedules_set(f->world, TEXT_OF(id), &settings, &schedule, &err);
            f->fake.allowed = FAKE_ENV_NEVER_FAILS;
            cow_map_fini(&shared[0]);
            cow_map_fini(&shared[1]);
            if (done)
                break;
            assert_error_is(&err, ERROR_NO_MEMORY, "out of memory");
            assert_null(schedule);
            assert_ptr_equal(find_schedule(f, TEXT_OF(id)), before);
        }
        assert_in_range(failures, 1, 20);
        assert_true((find_schedule(f, TEXT_OF(id)) == NULL) == (step == DELETED));
    }
}

#define ON_WORLD(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_WORLD(a_first_schedule_starts_now_and_has_not_run),
        ON_WORLD(an_instance_in_any_state_may_have_a_schedule),
        ON_WORLD(settings_are_judged_in_order_and_a_refusal_changes_nothing),
        ON_WORLD(an_unknown_instance_cannot_have_a_schedule),
        ON_WORLD(the_same_interval_keeps_the_cadence),
        ON_WORLD(another_interval_starts_a_new_cadence),
        ON_WORLD(setting_again_replaces_the_settings_and_keeps_what_runs_left),
        ON_WORLD(a_deleted_schedule_is_gone),
        ON_WORLD(a_schedule_after_a_deleted_one_is_fresh_and_cleans_up_after_it),
        ON_WORLD(a_schedule_is_set_and_deleted_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
