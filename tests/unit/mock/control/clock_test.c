/* The clock of a world through the control API: who waits, and in which order things happen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mock/control/advance.h"
#include "tests/unit/mock/control/control_fixture.h"

static const char advance[] = "/_mock/clock/advance";

static struct served_world *main_world(struct control_fixture *f)
{
    return control_worlds(f->control)->main;
}

static void a_virtual_clock_moves_when_told_and_only_then(void **state)
{
    struct control_fixture *f = *state;

    given_instance(f, "", "vm");
    f->fake.now_ns += 3600 * NS_PER_SEC;
    expect(f, HTTP_GET, "/_mock/clock", NULL, 200,
           "{\"mode\":\"virtual\",\"now\":\"2026-01-01T00:00:00Z\","
           "\"next_event\":\"2026-01-01T00:00:00.25Z\",\"waiting\":0}\n");
    expect(f, HTTP_GET, "/instances/vm", NULL, 200, "\"state\":\"Initializing\"");
    assert_int_equal(control_pause_ns(f->control), INT64_MAX);
    expect(f, HTTP_POST, advance, "{\"by\":\"250ms\"}", 200,
           "{\"mode\":\"virtual\",\"now\":\"2026-01-01T00:00:00.25Z\",\"next_event\":null,"
           "\"waiting\":0}\n");
    expect(f, HTTP_GET, "/instances/vm", NULL, 200, "\"state\":\"Running\"");
    expect(f, HTTP_PUT, "/_mock/clock", "{\"now\":\"2026-02-01T00:00:00Z\"}", 200,
           "\"now\":\"2026-02-01T00:00:00Z\"");
}

static void waits_are_answered_in_order_at_their_own_moments(void **state)
{
    static const struct {
        const char *target;
        const char *part;
        int64_t at_ms;
    } waits[] = {
        { "/instances/vm/wait?state=Stopped&timeout=90s", "\"timed_out\":true", 90000 },
        { "/instances/vm/wait?state=Running&timeout=5m", "\"timed_out\":false", 250 },
        { "/instances/vm/wait?state=Stopped&timeout=1s", "\"timed_out\":true", 1000 },
        { "/instances/vm/wait?state=Running&timeout=100ms", "\"timed_out\":true", 100 },
        { "/instances/vm/wait?state=Running&timeout=5m", "\"timed_out\":false", 250 },
    };
    static const unsigned order[ARRAY_LEN(waits)] = { 5, 2, 4, 1, 3 };
    struct control_fixture *f = *state;
    struct control_client clients[ARRAY_LEN(waits)];

    given_instance(f, "", "vm");
    for (size_t i = 0; i < ARRAY_LEN(waits); i++)
        client_begin(f, &clients[i], waits[i].target);
    expect(f, HTTP_GET, "/_mock/clock", NULL, 200, "\"waiting\":5");
    expect(f, HTTP_POST, advance, "{\"by\":\"10m\"}", 200, "\"waiting\":0");
    for (size_t i = 0; i < ARRAY_LEN(waits); i++) {
        expect_answered(&clients[i], 200, waits[i].part);
        assert_int_equal(clients[i].order, order[i]);
        assert_int_equal(clients[i].at_ns,
                         WORLD_CLOCK_VIRTUAL_START_NS + waits[i].at_ms * NS_PER_MS);
        client_end(&clients[i]);
    }
}

static void the_next_event_is_the_next_thing_a_client_may_see(void **state)
{
    struct control_fixture *f = *state;
    static const char to_next[] = "{\"to\":\"next-event\"}";

    given_instance(f, "", "vm");
    expect(f, HTTP_POST, advance, to_next, 200, "\"now\":\"2026-01-01T00:00:00.25Z\""); /* boot */
    expect(f, HTTP_POST, "/instances/vm/snapshots",
           "{\"kind\":\"Standby\",\"compression\":{\"enabled\":true}}", 201,
           "\"compression_state\":\"compressing\"");
    expect(f, HTTP_POST, advance, to_next, 200, "\"now\":\"2026-01-01T00:00:01.25Z\"");
    expect(f, HTTP_GET, "/snapshots", NULL, 200, "\"compression_state\":\"compressed\"");
    expect(f, HTTP_PUT, "/instances/vm/snapshot-schedule",
           "{\"interval\":\"1h\",\"retention\":{\"max_count\":2}}", 200, "next_run_at");
    expect(f, HTTP_POST, advance, to_next, 200, "\"now\":\"2026-01-01T01:0");
    expect(f, HTTP_GET, "/snapshots", NULL, 200, "\"name\":\"scheduled-");
    expect(f, HTTP_DELETE, "/instances/vm/snapshot-schedule", NULL, 204, "");
    struct control_client waiting;
    client_begin(f, &waiting, "/instances/vm/wait?state=Stopped&timeout=77s");
    expect(f, HTTP_POST, advance, to_next, 200, "\"now\":\"2026-01-01T01:0");
    expect_answered(&waiting, 200, "\"timed_out\":true");
    client_end(&waiting);
    expect(f, HTTP_POST, advance, to_next, 409, "nothing happens in this world by itself");
}

static void an_advance_stops_when_an_instance_reaches_a_state(void **state)
{
    struct control_fixture *f = *state;

    given_instance(f, "", "vm");
    expect(f, HTTP_POST, advance, "{\"until\":{\"instance\":\"vm\",\"state\":\"Running\"}}", 200,
           "\"now\":\"2026-01-01T00:00:00.25Z\"");
    expect(f, HTTP_POST, advance, "{\"until\":{\"instance\":\"vm\",\"state\":\"Running\"}}", 200,
           "\"now\":\"2026-01-01T00:00:00.25Z\""); /* it is there */
    expect(f, HTTP_POST, advance, "{\"until\":{\"instance\":\"vm\",\"state\":\"Standby\"}}", 409,
           "the clock stands at 2026-01-01T00:00:00.25Z");
    expect(f, HTTP_PATCH, "/instances/vm",
           "{\"auto_standby\":{\"enabled\":true,\"idle_timeout\":\"5m\"}}", 200, "");
    expect(f, HTTP_POST, advance,
           "{\"until\":{\"instance\":\"vm\",\"state\":\"Standby\"},\"at_most\":\"4m\"}", 409,
           "within at_most");
    expect(f, HTTP_GET, "/instances/vm", NULL, 200, "\"state\":\"Running\"");
    expect(f, HTTP_POST, advance, "{\"until\":{\"instance\":\"vm\",\"state\":\"Standby\"}}", 200,
           "\"now\":\"2026-01-01T00:05:00.25Z\"");
    expect(f, HTTP_GET, "/instances/vm", NULL, 200, "\"state\":\"Standby\"");
}

static void an_instance_that_goes_ends_the_advance_that_waits_for_it(void **state)
{
    struct control_fixture *f = *state;

    expect(f, HTTP_POST, "/instances", "{\"name\":\"vm\",\"image\":\"alpine\",\"ttl\":\"90s\"}",
           201, "");
    expect(f, HTTP_POST, advance, "{\"until\":{\"instance\":\"vm\",\"state\":\"Stopped\"}}", 409,
           "the instance was deleted at 2026-01-01T00:02:00Z, where the clock stands");
}

static void an_auto_clock_runs_and_leaps_when_every_request_waits(void **state)
{
    struct control_fixture *f = *state;
    struct control_client first, second;

    expect(f, HTTP_PUT, "/_mock/clock", "{\"mode\":\"auto\"}", 200, "\"mode\":\"auto\"");
    f->fake.now_ns += 2 * NS_PER_SEC;
    expect(f, HTTP_GET, "/_mock/clock", NULL, 200, "\"now\":\"2026-01-01T00:00:02Z\"");
    given_instance(f, "", "vm");
    assert_int_equal(control_pause_ns(f->control), INT64_MAX); /* a boot wakes nobody */
    client_begin(f, &first, "/instances/vm/wait?state=Running&timeout=5m");
    client_begin(f, &second, "/instances/vm/wait?state=Stopped&timeout=5m");
    control_turn(f->control);
    assert_false(first.ready); /* there may be requests that have not been read yet */
    assert_int_equal(control_pause_ns(f->control), 0);
    control_turn(f->control);
    expect_answered(&first, 200, "\"state\":\"Running\"");
    assert_int_equal(first.at_ns, WORLD_CLOCK_VIRTUAL_START_NS + 2250 * NS_PER_MS);
    assert_false(second.ready);
    for (int turns = 0; !second.ready; turns++) {
        assert_true(turns < 5);
        control_turn(f->control);
    }
    expect_answered(&second, 200, "\"timed_out\":true");
    assert_int_equal(second.at_ns, WORLD_CLOCK_VIRTUAL_START_NS + 302 * NS_PER_SEC);
    client_end(&first);
    client_end(&second);
    control_turn(f->control);
    control_turn(f->control);
    expect(f, HTTP_GET, "/_mock/clock", NULL, 200, "\"now\":\"2026-01-01T00:05:02Z\"");
}

static void a_leap_beyond_the_end_of_time_is_not_tried(void **state)
{
    struct control_fixture *f = *state;
    struct control_client waiting;

    expect(f, HTTP_PUT, "/_mock/clock", "{\"mode\":\"auto\",\"now\":\"2199-12-31T23:59:00Z\"}", 200,
           "");
    given_instance(f, "", "vm");
    f->fake.now_ns += NS_PER_SEC;
    client_begin(f, &waiting, "/instances/vm/wait?state=Stopped&timeout=5m");
    control_turn(f->control);
    control_turn(f->control);
    assert_false(waiting.ready);
    assert_true(control_pause_ns(f->control) > 0); /* it simply runs */
    client_end(&waiting);
}

static void a_clock_never_goes_back(void **state)
{
    struct control_fixture *f = *state;

    expect(f, HTTP_PUT, "/_mock/clock", "{\"now\":\"2026-01-01T00:00:00Z\"}", 200, "");
    expect(f, HTTP_PUT, "/_mock/clock",
           "{\"mode\":\"real\",\"now\":\"2025-12-31T23:59:59.999999999Z\"}", 409,
           "a clock never goes back");
    expect(f, HTTP_GET, "/_mock/clock", NULL, 200, "\"mode\":\"virtual\"");
}

static void followers_of_a_log_do_not_make_a_clock_leap(void **state)
{
    struct control_fixture *f = *state;
    struct control_client follower;

    expect(f, HTTP_PUT, "/_mock/clock", "{\"mode\":\"auto\"}", 200, "");
    given_instance(f, "", "vm");
    f->fake.now_ns += NS_PER_SEC;
    client_begin(f, &follower, "/instances/vm/logs?follow=true");
    for (int i = 0; i < 5; i++)
        control_turn(f->control);
    expect(f, HTTP_GET, "/_mock/clock", NULL, 200, "\"now\":\"2026-01-01T00:00:01Z\"");
    client_end(&follower);
}

static void a_long_advance_stops_and_can_be_gone_on_with(void **state)
{
    struct control_fixture *f = *state;

    given_instance(f, "", "vm");
    expect(f, HTTP_PUT, "/instances/vm/snapshot-schedule",
           "{\"interval\":\"1m\",\"retention\":{\"max_count\":1}}", 200, "");
    expect(f, HTTP_POST, advance, "{\"by\":\"2400h\"}", 409, "advance again to go on");
    const int64_t stopped_ns = world_clock_now_ns(&main_world(f)->clock);
    assert_true(stopped_ns >
                WORLD_CLOCK_VIRTUAL_START_NS + (ADVANCE_MAX_MOMENTS - 10) * 60 * NS_PER_SEC);
    expect(f, HTTP_POST, advance, "{\"by\":\"1m\"}", 200, "");
    assert_int_equal(world_clock_now_ns(&main_world(f)->clock), stopped_ns + 60 * NS_PER_SEC);
}

/* Nothing depends on the steps in which a clock moves. */
static void one_advance_is_as_good_as_many(void **state)
{
    struct control_fixture *f = *state;
    char all[sizeof f->answer];

    for (int steps = 1; steps <= 60; steps += 59) {
        char body[32];
        expect(f, HTTP_POST, "/_mock/reset", NULL, 200, "");
        given_instance(f, "", "vm");
        expect(f, HTTP_PUT, "/instances/vm/snapshot-schedule",
               "{\"interval\":\"7m\",\"retention\":{\"max_count\":3}}", 200, "");
        snprintf(body, sizeof body, "{\"by\":\"%dm\"}", 60 / steps);
        for (int i = 0; i < steps; i++)
            expect(f, HTTP_POST, advance, body, 200, "");
        expect(f, HTTP_GET, "/snapshots", NULL, 200, "scheduled-");
        if (steps == 1)
            strcpy(all, f->answer);
    }
    assert_string_equal(f->answer, all);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, control_setup, control_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_virtual_clock_moves_when_told_and_only_then),
        TEST(waits_are_answered_in_order_at_their_own_moments),
        TEST(the_next_event_is_the_next_thing_a_client_may_see),
        TEST(an_advance_stops_when_an_instance_reaches_a_state),
        TEST(an_instance_that_goes_ends_the_advance_that_waits_for_it),
        TEST(an_auto_clock_runs_and_leaps_when_every_request_waits),
        TEST(a_leap_beyond_the_end_of_time_is_not_tried),
        TEST(a_clock_never_goes_back),
        TEST(followers_of_a_log_do_not_make_a_clock_leap),
        TEST(a_long_advance_stops_and_can_be_gone_on_with),
        TEST(one_advance_is_as_good_as_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
