/* The clean-up after runs: snapshots.md section 11, SCHED-R. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "mock/domain/instances.h"
#include "mock/domain/snapshots.h"
#include "mock/domain/world_state.h"
#include "tests/unit/mock/domain/schedule_fixture.h"

static size_t count(struct fixture *f, struct text instance_id)
{
    const struct snapshot *snapshots[MAX_SNAPSHOTS];
    return list_snapshots(f, instance_id, snapshots);
}

static bool is_there(struct fixture *f, struct resource_id id)
{
    const struct snapshot *snapshot = NULL;
    struct error err = { 0 };
    return snapshots_get(f->world, TEXT_OF(id), &snapshot, &err);
}

static void limit(struct fixture *f, struct text instance_id, int64_t max_count, int64_t max_age_ns)
{
    const struct schedule_settings settings = { .interval_ns = HOUR,
                                                .max_count = max_count,
                                                .max_age_ns = max_age_ns };
    given_schedule(f, instance_id, &settings);
}

/* --- after a capture --------------------------------------------------------------------- */

/* Marked snapshots 9, 8 ... 1 minutes before the run, and what the limits leave of them beside the
 * new one: SCHED-R-003, SCHED-R-004, SCHED-R-005, SCHED-R-008. */
static void the_limits_say_what_stays(void **state)
{
    enum { MARKED = 9 };
    static const struct {
        int64_t max_count, max_age_ns;
        size_t left; /* of the marked: the newest */
    } rows[] = {
        { 1, 0, 0 },
        { 2, 0, 1 },
        { 9, 0, 8 },
        { 10, 0, 9 },
        { INT64_MAX, 0, 9 },
        { 0, 5 * MINUTE, 5 }, /* as old as that is not older */
        { 0, 5 * MINUTE - 1, 4 },
        { 0, 1, 0 },
        { 0, INT64_MAX, 9 },
        { 3, 5 * MINUTE, 2 }, /* either says so */
        { 8, 5 * MINUTE, 5 },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct world_settings fresh = *world_settings(f->world);
        struct resource_id marked[MARKED];
        fixture_restart(f, &fresh);
        const struct resource_id id = id_of(given_running(f, "web"));
        given_due(f, TEXT_OF(id), 1, 2 * HOUR);
        limit(f, TEXT_OF(id), rows[i].max_count, rows[i].max_age_ns);
        for (size_t k = 0; k < MARKED; k++) {
            pass_until(f, 2 * HOUR - (int64_t)(MARKED - k) * MINUTE);
            marked[k] = given_marked(f, TEXT_OF(id));
        }
        pass_until(f, 2 * HOUR);
        for (size_t k = 0; k < MARKED; k++)
            assert_int_equal(is_there(f, marked[k]), k >= MARKED - rows[i].left);
        assert_int_equal(count(f, TEXT_OF(id)), rows[i].left + 1);
        assert_int_equal(find_schedule(f, TEXT_OF(id))->last_error.len, 0);
    }
}

static struct resource_id given_tagged(struct fixture *f, struct text instance_id,
                                       struct pair_list tags)
{
    const struct snapshot_request request = { .kind = SNAPSHOT_STANDBY, .tags = tags };
    const struct snapshot *snapshot = NULL;
    struct error err = { 0 };
    struct resource_id id;
    assert_true(snapshot_create(f->world, instance_id, &request, &snapshot, &err));
    memcpy(id.chars, snapshot->id.data, sizeof id.chars);
    return id;
}

/* SCHED-R-002. */
static void nothing_without_both_marks_and_the_source_is_touched(void **state)
{
    struct fixture *f = *state;
    const struct resource_id id = id_of(given_running(f, "web"));
    const struct resource_id other = id_of(given_running(f, "other"));
    const struct pair own = { TEXT("hypeman.schedule_instance_id"), TEXT_OF(id) };
    const struct pair others = { TEXT("hypeman.schedule_instance_id"), TEXT_OF(other) };
    const struct pair yes = { TEXT("hypeman.scheduled"), TEXT("true") };
    const struct pair no = { TEXT("hypeman.scheduled"), TEXT("false") };
    const struct resource_id kept[] = {
        given_tagged(f, TEXT_OF(id), (struct pair_list){ 0 }),
        given_tagged(f, TEXT_OF(id), (struct pair_list){ &own, 1 }),
        given_tagged(f, TEXT_OF(id), (struct pair_list){ &yes, 1 }),
        given_tagged(f, TEXT_OF(id), (struct pair_list){ (struct pair[]){ own, no }, 2 }),
        given_tagged(f, TEXT_OF(id), (struct pair_list){ (struct pair[]){ others, yes }, 2 }),
        given_tagged(f, TEXT_OF(other), (struct pair_list){ (struct pair[]){ own, yes }, 2 }),
        given_marked(f, TEXT_OF(other)),
    };
    const struct resource_id gone = given_marked(f, TEXT_OF(id));
    given_due(f, TEXT_OF(id), 1, HOUR);
    pass_until(f, HOUR);
    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        assert_true(is_there(f, kept[i]));
    assert_false(is_there(f, gone));
}

/* SCHED-R-001. */
static void there_is_no_clean_up_but_in_a_run(void **state)
{
    struct fixture *f = *state;
    const struct resource_id id = id_of(given_running(f, "web"));
    for (int i = 0; i < 5; i++)
        given_marked(f, TEXT_OF(id));
    given_due(f, TEXT_OF(id), 1, HOUR);
    pass_until(f, HOUR - 1);
    assert_int_equal(count(f, TEXT_OF(id)), 5);
    pass_until(f, HOUR);
    assert_int_equal(count(f, TEXT_OF(id)), 1);
}

/* SCHED-R-010. */
static void the_latest_setting_applies_to_all(void **state)
{
    struct fixture *f = *state;
    const struct resource_id id = id_of(given_running(f, "web"));
    given_due(f, TEXT_OF(id), 20, HOUR);
    pass_until(f, 10 * HOUR);
    assert_int_equal(count(f, TEXT_OF(id)), 10);
    limit(f, TEXT_OF(id), 3, 0);
    pass_until(f, 11 * HOUR);
    assert_int_equal(count(f, TEXT_OF(id)), 3);
}

/* SCHED-R-011. */
static void what_was_deleted_by_hand_does_not_count(void **state)
{
    struct fixture *f = *state;
    const struct resource_id id = id_of(given_running(f, "web"));
    const struct snapshot *snapshots[MAX_SNAPSHOTS];
    struct error err = { 0 };
    given_due(f, TEXT_OF(id), 3, HOUR);
    pass_until(f, 3 * HOUR);
    assert_int_equal(list_snapshots(f, TEXT_OF(id), snapshots), 3);
    const int64_t first = snapshots[0]->created_at_ns;
    assert_true(snapshots_delete(f->world, snapshots[1]->id, &err));
    pass_until(f, 4 * HOUR);
    assert_int_equal(list_snapshots(f, TEXT_OF(id), snapshots), 3);
    assert_int_equal(snapshots[0]->created_at_ns, first);
}

/* SCHED-R-009. */
static void a_snapshot_that_is_being_compressed_goes_as_well(void **state)
{
    struct fixture *f = *state;
    struct world_settings settings = *world_settings(f->world);
    settings.compression_default =
        (struct compression_choice){ .present = true, .enabled = true, .level = 1 };
    settings.compression_delay_ns = 30 * DAY;
    fixture_restart(f, &settings);
    const struct resource_id id = id_of(given_running(f, "web"));
    given_due(f, TEXT_OF(id), 1, HOUR);
    pass_until(f, 5 * HOUR);
    assert_int_equal(count(f, TEXT_OF(id)), 1);
}

/* --- after the source -------------------------------------------------------------------- */

static void delete_instance(struct fixture *f, struct resource_id id)
{
    struct error err = { 0 };
    assert_true(instances_delete(f->world, TEXT_OF(id), &err));
}

/* SCHED-R-006, SCHED-R-007. */
static void without_its_source_a_schedule_only_cleans_up_until_nothing_is_left(void **state)
{
    struct fixture *f = *state;
    const struct resource_id id = id_of(given_running(f, "web"));
    given_due(f, TEXT_OF(id), 9, HOUR);
    limit(f, TEXT_OF(id), 9, 3 * HOUR);
    pass_until(f, 4 * HOUR);
    delete_instance(f, id);

    static const struct {
        int64_t at;
        size_t left;
    } rows[] = {
        { 4 * HOUR + 1, 4 },
        { 5 * HOUR, 3 },
        { 6 * HOUR, 2 },
        { 7 * HOUR, 1 },
    };
    const struct resource_id by_hand = id_of(given_running(f, "other"));
    for (size_t i = 1; i < ARRAY_LEN(rows); i++) {
        pass_until(f, rows[i].at - 1);
        assert_int_equal(count(f, TEXT_OF(id)), rows[i].left + 1);
        pass_until(f, rows[i].at);
        assert_int_equal(count(f, TEXT_OF(id)), rows[i].left);
        assert_int_equal(find_schedule(f, TEXT_OF(id))->next_run_at_ns - f->world->started_ns,
                         rows[i].at + HOUR);
    }
    pass_until(f, 8 * HOUR);
    assert_int_equal(count(f, TEXT_OF(id)), 0);
    assert_null(find_schedule(f, TEXT_OF(id)));
    assert_int_equal(world_next_event_ns(f->world), INT64_MAX);
    assert_non_null(instances_find(f->world, TEXT_OF(by_hand)));
}

/* SCHED-R-007. */
static void with_a_limit_by_count_alone_the_last_ones_stay_for_ever(void **state)
{
    static const struct {
        int64_t max_count;
        size_t left;
    } rows[] = { { 1, 1 }, { 2, 2 }, { 4, 4 }, { 9, 4 } };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct world_settings fresh = *world_settings(f->world);
        f->fake.now_ns = FAKE_ENV_START_NS;
        fixture_restart(f, &fresh);
        const struct resource_id id = id_of(given_running(f, "web"));
        given_due(f, TEXT_OF(id), 9, HOUR);
        pass_until(f, 4 * HOUR);
        limit(f, TEXT_OF(id), rows[i].max_count, 0);
        delete_instance(f, id);
        pass_until(f, 5 * HOUR - 1);
        assert_int_equal(count(f, TEXT_OF(id)), 4);
        pass_until(f, 5 * HOUR);
        assert_int_equal(count(f, TEXT_OF(id)), rows[i].left);
        assert_null(find_schedule(f, TEXT_OF(id)));
        pass(f, 400 * DAY);
        assert_int_equal(count(f, TEXT_OF(id)), rows[i].left);
    }
}

static void a_schedule_that_never_made_anything_goes_with_its_source(void **state)
{
    struct fixture *f = *state;
    const struct resource_id id = id_of(given_running(f, "web"));
    given_due(f, TEXT_OF(id), 0 + 1, HOUR);
    limit(f, TEXT_OF(id), 0, DAY);
    delete_instance(f, id);
    pass_until(f, HOUR - 1);
    assert_non_null(find_schedule(f, TEXT_OF(id)));
    pass_until(f, HOUR);
    assert_null(find_schedule(f, TEXT_OF(id)));
}

/* --- a lot of it ------------------------------------------------------------------------- */

static void a_clean_up_without_a_source_happens_whole_or_not_at_all(void **state)
{
    struct fixture *f = *state;
    for (size_t failures = 0;; failures++) {
        const struct world_settings fresh = *world_settings(f->world);
        f->fake.now_ns = FAKE_ENV_START_NS;
        fixture_restart(f, &fresh);
        const struct resource_id id = id_of(given_running(f, "web"));
        given_due(f, TEXT_OF(id), 30, HOUR);
        limit(f, TEXT_OF(id), 30, 10 * HOUR);
        pass_until(f, 20 * HOUR);
        limit(f, TEXT_OF(id), 0, 3 * HOUR);
        delete_instance(f, id);
        const struct schedule *before = find_schedule(f, TEXT_OF(id));

        struct snapshot_cursor open;
        snapshot_cursor_open(&open, f->world, &(struct snapshot_filter){ 0 });
        f->fake.allowed = failures;
        pass_until(f, 21 * HOUR);
        f->fake.allowed = FAKE_ENV_NEVER_FAILS;
        snapshot_cursor_close(&open);
        if (find_schedule(f, TEXT_OF(id)) != before) {
            assert_int_equal(count(f, TEXT_OF(id)), 3);
            assert_true(failures > 10);
            return;
        }
        assert_int_equal(count(f, TEXT_OF(id)), 11);
    }
}

static double processor_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

/* Jumps of the clock over days are for tests to make at will. */
static void a_month_of_hourly_runs_on_a_hundred_instances_takes_no_time(void **state)
{
    enum { INSTANCES = 100, HOURS = 30 * 24 };
    const double bound = IS_SANITIZED ? 60 : 2; /* the bar is 1; this is not to fail by chance */
    struct fixture *f = *state;
    struct resource_id ids[INSTANCES];
    for (size_t i = 0; i < INSTANCES; i++) {
        struct instance_request request = request_for("x");
        request.config.network.enabled = false;
        ids[i] = id_of(given_state(f, &request, i % 3 == 0 ? INSTANCE_STOPPED : INSTANCE_RUNNING));
        limit(f, TEXT_OF(ids[i]), i % 2 == 0 ? 24 : 0, i % 4 == 0 ? 0 : 48 * HOUR);
        if (i % 2 == 1)
            limit(f, TEXT_OF(ids[i]), 0, 48 * HOUR);
    }
    const double begin = processor_seconds();
    pass(f, (HOURS + 1) * HOUR);
    const double spent = processor_seconds() - begin;
    print_message("%d runs with clean-up: %.3f s\n", INSTANCES * HOURS, spent);
    assert_true(spent < bound);
    for (size_t i = 0; i < INSTANCES; i++) {
        const struct schedule *schedule = find_schedule(f, TEXT_OF(ids[i]));
        assert_int_equal(schedule->last_error.len, 0);
        assert_true(f->fake.now_ns - schedule->last_run_at_ns <= HOUR);
        /* A capture every hour: 24 of them, or those of 48 hours and one that is no older. */
        assert_in_range(count(f, TEXT_OF(ids[i])), i % 2 == 0 ? 24 : 48, i % 2 == 0 ? 24 : 49);
    }
}

#define ON_WORLD(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_WORLD(the_limits_say_what_stays),
        ON_WORLD(nothing_without_both_marks_and_the_source_is_touched),
        ON_WORLD(there_is_no_clean_up_but_in_a_run),
        ON_WORLD(the_latest_setting_applies_to_all),
        ON_WORLD(what_was_deleted_by_hand_does_not_count),
        ON_WORLD(a_snapshot_that_is_being_compressed_goes_as_well),
        ON_WORLD(without_its_source_a_schedule_only_cleans_up_until_nothing_is_left),
        ON_WORLD(with_a_limit_by_count_alone_the_last_ones_stay_for_ever),
        ON_WORLD(a_schedule_that_never_made_anything_goes_with_its_source),
        ON_WORLD(a_clean_up_without_a_source_happens_whole_or_not_at_all),
        ON_WORLD(a_month_of_hourly_runs_on_a_hundred_instances_takes_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
