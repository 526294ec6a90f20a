/* Runs: snapshots.md section 11, SCHED-T. */
#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/instance_force.h"
#include "mock/domain/instances.h"
#include "mock/domain/schedule_policy.h"
#include "mock/domain/snapshots.h"
#include "mock/domain/world_state.h"
#include "tests/unit/mock/domain/schedule_fixture.h"

static const struct schedule_settings minutely = { .interval_ns = MINUTE, .max_count = 100 };

static int64_t since_start(const struct fixture *f, int64_t ns)
{
    return ns - f->world->started_ns;
}

/* The one snapshot of an instance. */
static const struct snapshot *only_snapshot(struct fixture *f, struct text instance_id)
{
    const struct snapshot *snapshots[MAX_SNAPSHOTS];
    assert_int_equal(list_snapshots(f, instance_id, snapshots), 1);
    return snapshots[0];
}

/* --- when -------------------------------------------------------------------------------- */

/* SCHED-T-001, SCHED-T-002. */
static void a_run_happens_at_the_first_poll_not_before_it_is_due(void **state)
{
    static const struct {
        int64_t due, poll; /* since the world's start */
    } rows[] = {
        { 0, MINUTE }, /* there is no poll at the start */
        { 1, MINUTE },
        { MINUTE - 1, MINUTE },
        { MINUTE, MINUTE },
        { MINUTE + 1, 2 * MINUTE },
        { 90 * MINUTE + 30 * NS_PER_SEC, 91 * MINUTE },
        { 400 * DAY, 400 * DAY },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct world_settings settings = *world_settings(f->world);
        fixture_restart(f, &settings);
        const struct resource_id id = id_of(given_instance(f, "web"));
        given_due(f, TEXT_OF(id), 9, rows[i].due);
        assert_int_equal(since_start(f, world_next_event_ns(f->world)), rows[i].poll);
        pass_until(f, rows[i].poll - 1);
        assert_int_equal(world_snapshot_count(f->world), 0);
        pass_until(f, rows[i].poll);
        assert_int_equal(world_snapshot_count(f->world), 1);
        assert_int_equal(since_start(f, find_schedule(f, TEXT_OF(id))->last_run_at_ns),
                         rows[i].poll);
    }
}

/* SCHED-T-008, SCHED-T-009, SCHED-T-010: whenever somebody looks. */
static void a_run_has_the_time_of_its_poll(void **state)
{
    struct fixture *f = *state;
    const struct resource_id id = id_of(given_running(f, "web"));
    given_due(f, TEXT_OF(id), 9, HOUR + 7);
    pass_until(f, HOUR + 17 * MINUTE + 3);

    const struct schedule *schedule = find_schedule(f, TEXT_OF(id));
    const struct snapshot *snapshot = only_snapshot(f, TEXT_OF(id));
    assert_int_equal(since_start(f, schedule->last_run_at_ns), HOUR + MINUTE);
    assert_int_equal(schedule->updated_at_ns, schedule->last_run_at_ns);
    assert_int_equal(since_start(f, schedule->created_at_ns), 250 * NS_PER_MS);
    assert_int_equal(since_start(f, schedule->next_run_at_ns), 2 * HOUR + 7);
    assert_int_equal(snapshot->created_at_ns, schedule->last_run_at_ns);
    assert_true(text_equal(schedule->last_snapshot_id, snapshot->id));
    assert_int_equal(schedule->last_error.len, 0);
}

static void every_run_of_a_long_jump_happens_at_its_own_time(void **state)
{
    struct fixture *f = *state;
    const struct resource_id id = id_of(given_running(f, "web"));
    const struct snapshot *snapshots[MAX_SNAPSHOTS];
    given_schedule(f, TEXT_OF(id), &minutely);
    pass_until(f, 31 * MINUTE);
    /* Set after the start, due a jitter later than a minute: seen at the second minute. */
    assert_int_equal(list_snapshots(f, TEXT_OF(id), snapshots), 30);
    for (size_t i = 0; i < 30; i++)
        assert_int_equal(since_start(f, snapshots[i]->created_at_ns), (int64_t)(i + 2) * MINUTE);
}

static void nothing_is_asked_of_the_minutes_between(void **state)
{
    struct fixture *f = *state;
    const struct resource_id id = id_of(given_running(f, "web"));
    given_due(f, TEXT_OF(id), 9, 200 * 365 * DAY); /* a hundred million minutes */
    pass_until(f, 200 * 365 * DAY - 1);
    assert_int_equal(world_snapshot_count(f->world), 0);
    pass(f, 1);
    assert_int_equal(world_snapshot_count(f->world), 1);
}

static void a_schedule_after_the_end_of_time_never_runs(void **state)
{
    struct fixture *f = *state;
    const struct resource_id id = id_of(given_running(f, "web"));
    const struct schedule_settings rare = { .interval_ns = INT64_MAX, .max_count = 1 };
    assert_int_equal(given_schedule(f, TEXT_OF(id), &rare)->next_run_at_ns, INT64_MAX);
    assert_int_equal(world_next_event_ns(f->world), INT64_MAX);
    f->fake.now_ns = INT64_MAX - 1;
    world_advance(f->world);
    assert_int_equal(world_snapshot_count(f->world), 0);
}

/* --- what -------------------------------------------------------------------------------- */

/* SCHED-T-004, SCHED-T-012. */
static void the_state_of_the_source_decides_on_the_kind(void **state)
{
    static const struct {
        enum instance_state source;
        const char *kind; /* NULL: none is made */
    } rows[] = {
        { INSTANCE_CREATED, NULL },      { INSTANCE_RUNNING, "Standby" },
        { INSTANCE_PAUSED, NULL },       { INSTANCE_SHUTDOWN, NULL },
        { INSTANCE_UNKNOWN, NULL },      { INSTANCE_STOPPED, "Stopped" },
        { INSTANCE_INITIALIZING, NULL }, { INSTANCE_STANDBY, "Standby" },
    };
    static_assert(ARRAY_LEN(rows) == INSTANCE_STATE_COUNT, "one row per state");
    struct fixture *f = *state;
    struct world_settings settings = *world_settings(f->world);
    settings.boot_delay_ns = DAY;
    fixture_restart(f, &settings);
    struct resource_id ids[ARRAY_LEN(rows)];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct instance_request request = request_for("x");
        request.config.network.enabled = false;
        ids[i] = id_of(given_state(f, &request, rows[i].source));
        given_due(f, TEXT_OF(ids[i]), 9, MINUTE);
    }
    pass_until(f, MINUTE);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct schedule *schedule = find_schedule(f, TEXT_OF(ids[i]));
        const struct instance *source = instances_find(f->world, TEXT_OF(ids[i]));
        char refusal[200];
        assert_int_equal(state_now(f, source), rows[i].source);
        if (rows[i].kind != NULL) {
            assert_string_equal(snapshot_kind_name(only_snapshot(f, TEXT_OF(ids[i]))->kind),
                                rows[i].kind);
            assert_int_equal(schedule->last_error.len, 0);
            continue;
        }
        snprintf(refusal, sizeof refusal,
                 "invalid state transition: scheduled snapshot requires source in Running, "
                 "Standby, or Stopped, got %s",
                 instance_state_name(rows[i].source));
        assert_text_is(schedule->last_error, refusal);
    }
}

/* SCHED-T-005. */
static void a_running_source_is_running_afterwards(void **state)
{
    struct fixture *f = *state;
    const struct resource_id id = id_of(given_running(f, "web"));
    given_due(f, TEXT_OF(id), 9, HOUR);
    pass_until(f, HOUR + 5);
    const struct instance *source = instances_find(f->world, TEXT_OF(id));
    assert_int_equal(state_now(f, source), INSTANCE_RUNNING);
    assert_int_equal(since_start(f, source->stopped_at_ns), HOUR);
    assert_int_equal(source->history->event.kind, HISTORY_CAPTURED);
    assert_int_equal(since_start(f, source->history->event.at_ns), HOUR);
}

/* A boot that ends between the setting and the poll has ended. */
static void a_source_is_as_it_is_at_the_poll(void **state)
{
    struct fixture *f = *state;
    const struct resource_id id = id_of(given_instance(f, "web"));
    given_due(f, TEXT_OF(id), 9, MINUTE);
    pass_until(f, HOUR);
    assert_int_equal(only_snapshot(f, TEXT_OF(id))->source->state, INSTANCE_STANDBY);
}

/* SCHED-T-006, SCHED-T-007. */
static void a_snapshot_has_name_and_tags_of_its_schedule(void **state)
{
    struct fixture *f = *state;
    const struct resource_id id = id_of(given_running(f, "web"));
    const struct schedule_settings settings = {
        .interval_ns = HOUR,
        .name_prefix = TEXT("nightly"),
        .metadata = PAIRS(PAIR("hypeman.scheduled", "no"), PAIR("team", "backend")),
        .max_count = 9,
    };
    struct pair marks[SCHEDULE_MARKS];
    given_due(f, TEXT_OF(id), 9, HOUR);
    given_schedule(f, TEXT_OF(id), &settings);
    pass_until(f, HOUR);

    const struct snapshot *snapshot = only_snapshot(f, TEXT_OF(id));
    assert_text_is(snapshot->name, "nightly-20260101-010000");
    assert_int_equal(snapshot->tags.count, 3);
    assert_true(pairs_match(snapshot->tags, schedule_marks(TEXT_OF(id), marks)));
    assert_text_is(*pairs_find(snapshot->tags, TEXT("team")), "backend");
    /* The schedule itself still says what the user did. */
    assert_text_is(*pairs_find(find_schedule(f, TEXT_OF(id))->metadata, TEXT("hypeman.scheduled")),
                   "no");
}

/* COMP-029: no request setting; the instance's policy decides, then the server's default. */
static void compression_is_chosen_by_policy_and_default(void **state)
{
    static const struct compression_choice none = { .present = false };
    static const struct compression_choice off = { .present = true,
                                                   .level = COMPRESSION_LEVEL_UNSET };
    static const struct compression_choice lz4 = { .present = true,
                                                   .enabled = true,
                                                   .algorithm = COMPRESSION_LZ4,
                                                   .level = COMPRESSION_LEVEL_UNSET };
    static const struct compression_choice zstd = { .present = true,
                                                    .enabled = true,
                                                    .level = COMPRESSION_LEVEL_UNSET };
    static const struct {
        const struct compression_choice *policy; /* NULL: the instance has none */
        const struct compression_choice *fallback;
        enum instance_state source;
        const char *algorithm; /* NULL: not compressed */
    } rows[] = {
        { NULL, &none, INSTANCE_RUNNING, NULL },
        { NULL, &zstd, INSTANCE_RUNNING, "zstd" },
        { &lz4, &none, INSTANCE_RUNNING, "lz4" },
        { &lz4, &zstd, INSTANCE_STANDBY, "lz4" },
        { &off, &zstd, INSTANCE_RUNNING, NULL },
        { &lz4, &zstd, INSTANCE_STOPPED, NULL }, /* Standby captures only */
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world_settings settings = *world_settings(f->world);
        settings.compression_default = *rows[i].fallback;
        fixture_restart(f, &settings);
        struct instance_request request = request_for("web");
        if (rows[i].policy != NULL)
            request.config.snapshot =
                (struct snapshot_policy){ .present = true, .compression = *rows[i].policy };
        const struct resource_id id = id_of(given_state(f, &request, rows[i].source));
        given_due(f, TEXT_OF(id), 9, MINUTE);
        pass_until(f, MINUTE);
        const struct snapshot *snapshot = only_snapshot(f, TEXT_OF(id));
        if (rows[i].algorithm == NULL) {
            assert_int_equal(snapshot->compression_state, COMPRESSION_STATE_NONE);
            continue;
        }
        assert_int_equal(snapshot->compression_state, COMPRESSION_STATE_COMPRESSING);
        assert_string_equal(compression_algorithm_name(snapshot->compression.algorithm),
                            rows[i].algorithm);
    }
}

/* --- failures ---------------------------------------------------------------------------- */

static void writable_volume(struct instance_request *request, struct world_settings *settings)
{
    static const struct volume_attachment volume = { { "vol-b", 5 }, { "/b", 2 }, false, false, 0 };
    (void)settings;
    request->config.volumes = &volume;
    request->config.volume_count = 1;
}

static void vgpu(struct instance_request *request, struct world_settings *settings)
{
    (void)settings;
    request->config.gpu_profile = TEXT("L40S-1Q");
}

static void no_standby(struct instance_request *request, struct world_settings *settings)
{
    settings->host.os = HOST_DARWIN;
    request->config.hypervisor = HYPERVISOR_VZ;
}

/* SCHED-T-013, SCHED-T-016: in the words of a create, or where that hides them, in the internal
 * ones. */
static void a_failure_is_told_in_the_words_of_a_create(void **state)
{
    static const struct {
        void (*prepare)(struct instance_request *, struct world_settings *);
        const char *error;
    } rows[] = {
        { writable_volume,
          "operation not supported: snapshot requires readonly volume attachments: operation not "
          "supported: cannot fork instance with writable volume \"vol-b\" mounted at \"/b\"; use "
          "readonly+overlay for safe concurrent forks" },
        { vgpu, "standby source instance: invalid state transition: standby is not supported for "
                "instances with vGPU attached (driver limitation)" },
        { no_standby, "standby source instance: operation not supported: hypervisor vz has no "
                      "standby on this host" },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world_settings settings = *world_settings(f->world);
        struct instance_request request = request_for("web");
        rows[i].prepare(&request, &settings);
        settings.capacity.gpu_slots = 1;
        fixture_restart(f, &settings);
        const struct resource_id id = id_of(given_request(f, &request));
        given_due(f, TEXT_OF(id), 9, MINUTE);
        pass_until(f, MINUTE);
        assert_text_is(find_schedule(f, TEXT_OF(id))->last_error, rows[i].error);
        assert_int_equal(world_snapshot_count(f->world), 0);
    }
}

/* SCHED-P-019, SCHED-T-014. */
static void metadata_without_room_for_the_marks_makes_every_run_fail(void **state)
{
    static const struct {
        size_t metadata;
        bool has_a_mark;
        const char *error; /* "": none */
    } rows[] = {
        { 48, false, "" },
        { 49, false, "invalid request: invalid tags: too many entries: 51 (max 50)" },
        { 50, false, "invalid request: invalid tags: too many entries: 52 (max 50)" },
        { 49, true, "" },
        { 50, true, "invalid request: invalid tags: too many entries: 51 (max 50)" },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct world_settings fresh = *world_settings(f->world);
        fixture_restart(f, &fresh);
        struct pair pairs[TAGS_MAX];
        char keys[TAGS_MAX][8];
        for (size_t k = 0; k < rows[i].metadata; k++) {
            snprintf(keys[k], sizeof keys[k], "k-%02zu", k);
            pairs[k] = (struct pair){ text_of(keys[k]), TEXT("v") };
        }
        if (rows[i].has_a_mark) {
            pairs[0].key = TEXT("hypeman.scheduled");
            pairs_sort(pairs, rows[i].metadata);
        }
        const struct schedule_settings settings = { .interval_ns = MINUTE,
                                                    .max_count = 9,
                                                    .metadata = { pairs, rows[i].metadata } };
        const struct resource_id id = id_of(given_running(f, "web"));
        given_schedule(f, TEXT_OF(id), &settings);
        pass(f, 2 * MINUTE);
        assert_text_is(find_schedule(f, TEXT_OF(id))->last_error, rows[i].error);
    }
}

/* SCHED-T-015. */
static void a_name_taken_by_hand_makes_the_run_fail(void **state)
{
    struct fixture *f = *state;
    const struct instance *instance = given_running(f, "web");
    const struct resource_id id = id_of(instance);
    char expected[300];
    given_snapshot(f, instance, SNAPSHOT_STANDBY, "scheduled-20260101-010000");
    given_due(f, TEXT_OF(id), 9, HOUR);
    pass_until(f, HOUR);
    snprintf(expected, sizeof expected,
             "instance already exists: snapshot name already exists: snapshot name "
             "\"scheduled-20260101-010000\" already exists for source instance " TEXT_FMT,
             TEXT_ARGS(TEXT_OF(id)));
    assert_text_is(find_schedule(f, TEXT_OF(id))->last_error, expected);
}

/* SCHED-T-008, SCHED-T-009, SCHED-T-010, SCHED-T-011. */
static void a_failed_run_waits_for_its_next_time_and_success_clears_it(void **state)
{
    struct fixture *f = *state;
    for (int forgets = 0; forgets < 2; forgets++) {
        struct world_settings settings = *world_settings(f->world);
        settings.quirks.failed_run_forgets_snapshot = forgets == 1;
        fixture_restart(f, &settings);
        const struct instance *instance = NULL;
        const struct resource_id id = id_of(given_running(f, "web"));
        struct error err = { 0 };
        given_due(f, TEXT_OF(id), 1, HOUR);
        pass_until(f, HOUR);
        const struct resource_id marked = given_marked(f, TEXT_OF(id));
        assert_true(instance_force_state(f->world, TEXT_OF(id), INSTANCE_PAUSED, &instance, &err));

        pass_until(f, 3 * HOUR - 1);
        const struct schedule *schedule = find_schedule(f, TEXT_OF(id));
        assert_int_equal(since_start(f, schedule->last_run_at_ns), 2 * HOUR);
        assert_int_equal(since_start(f, schedule->updated_at_ns), 2 * HOUR);
        assert_int_equal(since_start(f, schedule->next_run_at_ns), 3 * HOUR);
        assert_true(schedule->last_error.len > 0);
        assert_int_equal(schedule->last_snapshot_id.len, forgets == 1 ? 0 : RESOURCE_ID_LEN);
        /* No clean-up either, though one too many is there (SCHED-R-001). */
        assert_int_equal(world_snapshot_count(f->world), 2);

        assert_true(instance_force_state(f->world, TEXT_OF(id), INSTANCE_RUNNING, &instance, &err));
        pass_until(f, 3 * HOUR);
        schedule = find_schedule(f, TEXT_OF(id));
        assert_int_equal(schedule->last_error.len, 0);
        assert_true(text_equal(schedule->last_snapshot_id, only_snapshot(f, TEXT_OF(id))->id));
        assert_false(text_equal(schedule->last_snapshot_id, TEXT_OF(marked)));
    }
}

/* --- several ----------------------------------------------------------------------------- */

enum { SEVERAL = 6 };

static void given_several(struct fixture *f, struct resource_id ids[SEVERAL])
{
    for (int64_t i = 0; i < SEVERAL; i++) {
        struct instance_request request = request_for("x");
        request.config.network.enabled = false;
        ids[i] = id_of(given_state(f, &request, INSTANCE_STOPPED));
        given_due(f, TEXT_OF(ids[i]), 2, HOUR - i * NS_PER_SEC);
    }
}

/* SCHED-T-003. */
static void one_failure_does_not_stop_the_others(void **state)
{
    struct fixture *f = *state;
    struct resource_id ids[SEVERAL];
    given_several(f, ids);
    for (size_t i = 0; i < SEVERAL; i += 2) {
        const struct instance *paused = NULL;
        struct error err = { 0 };
        assert_true(
            instance_force_state(f->world, TEXT_OF(ids[i]), INSTANCE_PAUSED, &paused, &err));
    }
    pass_until(f, HOUR);
    for (size_t i = 0; i < SEVERAL; i++) {
        const struct schedule *schedule = find_schedule(f, TEXT_OF(ids[i]));
        assert_int_equal(since_start(f, schedule->last_run_at_ns), HOUR);
        assert_int_equal(schedule->last_error.len > 0, i % 2 == 0);
    }
}

static size_t count_done(struct fixture *f, size_t *pending)
{
    size_t done = 0;
    bool in_order = true;
    *pending = 0;
    /* Ascending order of instance id is that of the map. */
    struct instance_cursor cursor;
    instance_cursor_open(&cursor, f->world, &(struct instance_filter){ 0 });
    for (const struct instance *instance = NULL;
         (instance = instance_cursor_next(&cursor)) != NULL;) {
        const struct snapshot *snapshots[MAX_SNAPSHOTS];
        const bool ran = find_schedule(f, instance->config->id)->last_run_at_ns != 0;
        in_order = in_order && (!ran || *pending == 0);
        done += ran ? 1 : 0;
        *pending += ran ? 0 : 1;
        /* Whole or not at all: capture, clean-up and schedule. */
        assert_int_equal(list_snapshots(f, instance->config->id, snapshots), ran ? 2 : 4);
    }
    instance_cursor_close(&cursor);
    assert_true(in_order);
    assert_int_equal(done + *pending, SEVERAL);
    return done;
}

/* SCHED-T-003: in ascending order of instance id, each run whole or not at all. What memory lacked
 * for is done at the same poll later. */
static void without_memory_the_rest_of_a_poll_waits_in_order(void **state)
{
    struct fixture *f = *state;
    struct resource_id ids[SEVERAL];
    size_t pending = 0;
    size_t partial = 0;
    for (size_t failures = 0;; failures++) {
        const struct world_settings fresh = *world_settings(f->world);
        f->fake.now_ns = FAKE_ENV_START_NS;
        fixture_restart(f, &fresh);
        given_several(f, ids);
        for (size_t i = 0; i < SEVERAL; i++) {
            for (int k = 0; k < 4; k++) {
                f->fake.now_ns += NS_PER_MS;
                struct pair marks[SCHEDULE_MARKS];
                const struct snapshot_request request = {
                    .kind = SNAPSHOT_STOPPED, .tags = schedule_marks(TEXT_OF(ids[i]), marks)
                };
                const struct snapshot *snapshot = NULL;
                struct error err = { 0 };
                assert_true(snapshot_create(f->world, TEXT_OF(ids[i]), &request, &snapshot, &err));
            }
        }
        struct snapshot_cursor open; /* the maps are shared, so that removing needs memory */
        snapshot_cursor_open(&open, f->world, &(struct snapshot_filter){ 0 });
        f->fake.allowed = failures;
        pass_until(f, HOUR + 1);
        f->fake.allowed = FAKE_ENV_NEVER_FAILS;
        snapshot_cursor_close(&open);

        const size_t done = count_done(f, &pending);
        partial += done > 0 && pending > 0 ? 1 : 0;
        assert_true((world_next_event_ns(f->world) == f->world->started_ns + HOUR) ==
                    (pending > 0));
        pass_until(f, HOUR + 20);
        (void)count_done(f, &pending);
        assert_int_equal(pending, 0);
        for (size_t i = 0; i < SEVERAL; i++)
            assert_int_equal(since_start(f, find_schedule(f, TEXT_OF(ids[i]))->last_run_at_ns),
                             HOUR);
        if (done == SEVERAL)
            break;
    }
    assert_true(partial > SEVERAL);
}

/* Not before it: histories and phases are in order of time. */
static void a_run_that_had_to_wait_happens_after_what_changed_meanwhile(void **state)
{
    struct fixture *f = *state;
    const struct resource_id id = id_of(given_running(f, "web"));
    const struct instance *instance = NULL;
    struct error err = { 0 };
    given_due(f, TEXT_OF(id), 9, HOUR);
    f->fake.allowed = 0;
    pass_until(f, HOUR + 5);
    f->fake.allowed = FAKE_ENV_NEVER_FAILS;
    assert_true(instance_force_state(f->world, TEXT_OF(id), INSTANCE_STANDBY, &instance, &err));
    assert_true(instance_force_state(f->world, TEXT_OF(id), INSTANCE_RUNNING, &instance, &err));

    pass_until(f, HOUR + 9);
    instance = instances_find(f->world, TEXT_OF(id));
    assert_int_equal(since_start(f, find_schedule(f, TEXT_OF(id))->last_run_at_ns), HOUR + 5);
    assert_int_equal(since_start(f, only_snapshot(f, TEXT_OF(id))->created_at_ns), HOUR + 5);
    assert_int_equal(instance->history->event.kind, HISTORY_CAPTURED);
    assert_true(instance->history->before->event.at_ns <= instance->history->event.at_ns);
}

#define ON_WORLD(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_WORLD(a_run_happens_at_the_first_poll_not_before_it_is_due),
        ON_WORLD(a_run_has_the_time_of_its_poll),
        ON_WORLD(every_run_of_a_long_jump_happens_at_its_own_time),
        ON_WORLD(nothing_is_asked_of_the_minutes_between),
        ON_WORLD(a_schedule_after_the_end_of_time_never_runs),
        ON_WORLD(the_state_of_the_source_decides_on_the_kind),
        ON_WORLD(a_running_source_is_running_afterwards),
        ON_WORLD(a_source_is_as_it_is_at_the_poll),
        ON_WORLD(a_snapshot_has_name_and_tags_of_its_schedule),
        ON_WORLD(compression_is_chosen_by_policy_and_default),
        ON_WORLD(a_failure_is_told_in_the_words_of_a_create),
        ON_WORLD(metadata_without_room_for_the_marks_makes_every_run_fail),
        ON_WORLD(a_name_taken_by_hand_makes_the_run_fail),
        ON_WORLD(a_failed_run_waits_for_its_next_time_and_success_clears_it),
        ON_WORLD(one_failure_does_not_stop_the_others),
        ON_WORLD(without_memory_the_rest_of_a_poll_waits_in_order),
        ON_WORLD(a_run_that_had_to_wait_happens_after_what_changed_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
