/* Removal at the deadline: newest.md NEW-060 to NEW-066; and the order of what happens by itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "mock/domain/instance_update.h"
#include "mock/domain/instances.h"
#include "mock/domain/snapshots.h"
#include "mock/domain/world_state.h"
#include "tests/unit/mock/domain/schedule_fixture.h"

static struct resource_id given_expiring(struct fixture *f, const char *name, int64_t ttl_ns)
{
    struct instance_request request = request_for(name);
    request.ttl_ns = ttl_ns;
    return id_of(given_request(f, &request));
}

static bool is_there(const struct fixture *f, struct resource_id id)
{
    return instances_find(f->world, TEXT_OF(id)) != NULL;
}

static void ticks_are_the_start_and_every_minute_from_there(void **state)
{
    static const struct {
        int64_t at, tick; /* since the world's start */
    } rows[] = {
        { -DAY, 0 },
        { 0, 0 },
        { 1, MINUTE },
        { MINUTE, MINUTE },
        { MINUTE + 1, 2 * MINUTE },
        { 1000 * DAY - 1, 1000 * DAY },
    };
    struct fixture *f = *state;
    f->fake.now_ns += 17; /* the grid is that of the start, not of the clock's minutes */
    const struct world_settings settings = *world_settings(f->world);
    fixture_restart(f, &settings);
    const int64_t start = f->fake.now_ns;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(world_tick_ns(f->world, start + rows[i].at), start + rows[i].tick);
    assert_int_equal(world_tick_ns(f->world, INT64_MAX), INT64_MAX);
    assert_int_equal(world_tick_ns(f->world, INT64_MAX - 1), INT64_MAX);
}

/* NEW-060, NEW-061. */
static void an_instance_goes_at_the_first_sweep_not_before_its_deadline(void **state)
{
    static const struct {
        int64_t ttl, sweep;
    } rows[] = {
        { 1, MINUTE },
        { MINUTE, MINUTE },
        { MINUTE + 1, 2 * MINUTE },
        { 90 * NS_PER_SEC, 2 * MINUTE },
        { 300 * DAY, 300 * DAY },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct world_settings settings = *world_settings(f->world);
        fixture_restart(f, &settings);
        const struct resource_id id = given_expiring(f, "web", rows[i].ttl);
        assert_int_equal(world_next_event_ns(f->world), f->fake.now_ns + rows[i].sweep);
        pass_until(f, rows[i].sweep - 1);
        assert_true(is_there(f, id));
        pass_until(f, rows[i].sweep);
        assert_false(is_there(f, id));
        assert_int_equal(world_next_event_ns(f->world), INT64_MAX);
    }
}

/* A world may be given records whose deadline is long past. */
static void the_first_sweep_is_at_the_start(void **state)
{
    struct fixture *f = *state;
    const struct resource_id id = given_expiring(f, "web", MINUTE);
    f->world->started_ns += 5 * MINUTE;
    f->fake.now_ns += 5 * MINUTE;
    assert_int_equal(world_next_event_ns(f->world), f->world->started_ns);
    world_advance(f->world);
    assert_false(is_there(f, id));
}

/* NEW-062. */
static void the_state_does_not_matter(void **state)
{
    struct fixture *f = *state;
    for (enum instance_state s = 0; s < INSTANCE_STATE_COUNT; s++) {
        struct instance_request request = request_for("x");
        request.config.network.enabled = false;
        request.ttl_ns = MINUTE;
        given_state(f, &request, s);
    }
    assert_int_equal(world_instance_count(f->world), INSTANCE_STATE_COUNT);
    pass_until(f, MINUTE);
    assert_int_equal(world_instance_count(f->world), 0);
}

static void others_stay(void **state)
{
    struct fixture *f = *state;
    const struct resource_id never = id_of(given_instance(f, "never"));
    const struct resource_id later = given_expiring(f, "later", DAY);
    const struct resource_id soon = given_expiring(f, "soon", HOUR);
    pass_until(f, HOUR);
    assert_true(is_there(f, never));
    assert_true(is_there(f, later));
    assert_false(is_there(f, soon));
    pass_until(f, 1000 * DAY);
    assert_true(is_there(f, never));
    assert_false(is_there(f, later));
}

/* NEW-063. */
static void an_extension_before_the_sweep_wins(void **state)
{
    struct fixture *f = *state;
    const struct resource_id id = given_expiring(f, "web", HOUR);
    const struct update_request longer = { .has_ttl = true, .ttl_ns = DAY };
    const struct instance *updated = NULL;
    struct error err = { 0 };
    pass_until(f, HOUR - 1);
    assert_true(instance_update(f->world, TEXT_OF(id), &longer, &updated, &err));
    pass_until(f, DAY + HOUR - 2);
    assert_true(is_there(f, id));
    pass_until(f, DAY + HOUR);
    assert_false(is_there(f, id));
}

/* NEW-064, NEW-065. */
static void removal_frees_and_keeps_what_delete_does(void **state)
{
    static const struct volume_attachment volume = { { "v", 1 }, { "/d", 2 }, true, true, 1 };
    struct fixture *f = *state;
    struct instance_request request = request_for("web");
    request.ttl_ns = HOUR;
    request.config.volumes = &volume;
    request.config.volume_count = 1;
    const struct resource_id id = id_of(given_request(f, &request));
    pass(f, NS_PER_SEC);
    const struct resource_id snapshot = given_marked(f, TEXT_OF(id));
    given_due(f, TEXT_OF(id), 1, 2 * HOUR);

    pass_until(f, HOUR);
    assert_int_equal(world_capacity_use(f->world).used[CAPACITY_CPU], 0);
    assert_int_equal(f->world->instances.maps[INSTANCES_BY_IP].count, 0);
    assert_int_equal(f->world->instances.maps[INSTANCES_WITH_VOLUMES].count, 0);
    assert_non_null(find_schedule(f, TEXT_OF(id))); /* SCHED-R-006 */
    const struct snapshot *kept = NULL;
    struct error err = { 0 };
    assert_true(snapshots_get(f->world, TEXT_OF(snapshot), &kept, &err)); /* SNAP-S-010 */

    pass_until(f, 2 * HOUR);
    assert_null(find_schedule(f, TEXT_OF(id))); /* SCHED-R-007 */
    assert_true(snapshots_get(f->world, TEXT_OF(snapshot), &kept, &err));
}

static void at_one_moment_the_sweep_comes_before_the_poll(void **state)
{
    struct fixture *f = *state;
    const struct resource_id id = given_expiring(f, "web", HOUR);
    const struct resource_id other = id_of(given_instance(f, "other"));
    given_due(f, TEXT_OF(id), 1, HOUR);
    given_due(f, TEXT_OF(other), 1, HOUR);
    pass_until(f, HOUR);
    assert_false(is_there(f, id));
    assert_null(find_schedule(f, TEXT_OF(id)));
    assert_int_equal(world_snapshot_count(f->world), 1);
    assert_non_null(find_schedule(f, TEXT_OF(other)));
}

static void events_happen_in_order_of_time_whatever_their_kind(void **state)
{
    struct fixture *f = *state;
    const struct resource_id id = given_expiring(f, "web", 3 * HOUR + 1);
    const struct snapshot *snapshots[MAX_SNAPSHOTS];
    given_due(f, TEXT_OF(id), 9, HOUR);
    pass_until(f, DAY);
    assert_false(is_there(f, id));
    assert_int_equal(list_snapshots(f, TEXT_OF(id), snapshots), 3);
}

static void without_memory_the_sweep_is_made_up_for(void **state)
{
    enum { COUNT = 20 };
    struct fixture *f = *state;
    for (size_t i = 0; i < COUNT; i++) {
        struct instance_request request = request_for("x");
        request.config.network.enabled = false;
        request.ttl_ns = HOUR;
        given_request(f, &request);
    }
    size_t partial = 0;
    for (size_t failures = 0; world_instance_count(f->world) > 0; failures++) {
        struct instance_cursor open; /* the maps are shared, so that removing needs memory */
        instance_cursor_open(&open, f->world, &(struct instance_filter){ 0 });
        f->fake.allowed = failures;
        pass_until(f, HOUR + 1 + (int64_t)failures);
        f->fake.allowed = FAKE_ENV_NEVER_FAILS;
        instance_cursor_close(&open);
        const size_t left = world_instance_count(f->world);
        partial += left > 0 && left < COUNT ? 1 : 0;
        assert_int_equal(world_next_event_ns(f->world),
                         left > 0 ? f->world->started_ns + HOUR : INT64_MAX);
        assert_int_equal(world_capacity_use(f->world).used[CAPACITY_CPU], 2 * left);
    }
    assert_true(partial > 2);
}

#define ON_WORLD(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_WORLD(ticks_are_the_start_and_every_minute_from_there),
        ON_WORLD(an_instance_goes_at_the_first_sweep_not_before_its_deadline),
        ON_WORLD(the_first_sweep_is_at_the_start),
        ON_WORLD(the_state_does_not_matter),
        ON_WORLD(others_stay),
        ON_WORLD(an_extension_before_the_sweep_wins),
        ON_WORLD(removal_frees_and_keeps_what_delete_does),
        ON_WORLD(at_one_moment_the_sweep_comes_before_the_poll),
        ON_WORLD(events_happen_in_order_of_time_whatever_their_kind),
        ON_WORLD(without_memory_the_sweep_is_made_up_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
