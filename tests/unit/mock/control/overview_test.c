/* GET /_mock/overview: what somebody who looks on gets to see, and that looking changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/scope.h"
#include "tests/unit/mock/control/control_fixture.h"

static void an_empty_world_shows_empty_lists(void **state)
{
    struct control_fixture *f = *state;

    expect(f, HTTP_GET, "/_mock/overview", NULL, 200, "");
    assert_string_equal(f->answer, "{\"now\":\"2026-01-01T00:00:00Z\",\"instance_count\":0,"
                                   "\"snapshot_count\":0,\"instances\":[],\"snapshots\":[],"
                                   "\"schedules\":[]}\n");
}

static void an_instance_is_shown_as_the_api_does_with_what_happened_to_it(void **state)
{
    static const struct {
        const char *target, *body;
        const char *event; /* newest in its history */
    } steps[] = {
        { "/_mock/clock/advance", "{\"by\":\"1s\"}",
          "{\"number\":1,\"at\":\"2026-01-01T00:00:00Z\",\"kind\":\"created\",\"start\":\"cold\","
          "\"until\":\"2026-01-01T00:00:00.25Z\"}]" },
        { "/instances/vm/standby", "{}",
          "{\"number\":2,\"at\":\"2026-01-01T00:00:01Z\",\"kind\":\"standby\"}]" },
        { "/instances/vm/restore", "{}",
          "{\"number\":3,\"at\":\"2026-01-01T00:00:01Z\",\"kind\":\"resumed\","
          "\"start\":\"resumed\"}]" },
        { "/instances/vm/stop", "{}", "\"kind\":\"stopped\",\"exit_code\":143}]" },
    };
    struct control_fixture *f = *state;
    char shown[4096];

    given_instance(f, "", "vm");
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        expect(f, HTTP_POST, steps[i].target, steps[i].body, 200, "");
        expect(f, HTTP_GET, "/instances/vm", NULL, 200, "\"name\":\"vm\"");
        const size_t len = strcspn(f->answer, "\n");
        snprintf(shown, sizeof shown, "\"instances\":[{\"instance\":%.*s,\"history\":[", (int)len,
                 f->answer);
        expect(f, HTTP_GET, "/_mock/overview", NULL, 200, shown);
        assert_non_null(strstr(f->answer, steps[i].event));
    }
}

static void snapshots_and_schedules_are_shown_as_the_api_does(void **state)
{
    struct control_fixture *f = *state;
    char snapshot[2048], schedule[2048];

    given_instance(f, "", "vm");
    expect(f, HTTP_POST, "/_mock/clock/advance", "{\"by\":\"1s\"}", 200, "");
    expect(f, HTTP_POST, "/instances/vm/snapshots", "{\"kind\":\"Standby\",\"name\":\"a\"}", 201,
           "");
    expect(f, HTTP_GET, "/_mock/overview", NULL, 200, "\"snapshot_count\":1,");
    expect(f, HTTP_GET, "/snapshots", NULL, 200, "\"name\":\"a\"");
    snprintf(snapshot, sizeof snapshot, "\"snapshots\":%.*s,", (int)strcspn(f->answer, "\n"),
             f->answer);
    expect(f, HTTP_GET, "/_mock/overview", NULL, 200, snapshot);
    assert_non_null(strstr(f->answer, "\"kind\":\"captured\",\"start\":\"resumed\",\"other\":\""));
    expect(f, HTTP_PUT, "/instances/vm/snapshot-schedule",
           "{\"interval\":\"1h\",\"retention\":{\"max_count\":3}}", 200, "");
    snprintf(schedule, sizeof schedule, "\"schedules\":[%.*s]}\n", (int)strcspn(f->answer, "\n"),
             f->answer);
    expect(f, HTTP_GET, "/_mock/overview", NULL, 200, schedule);
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;

    for (; (text = strstr(text, part)) != NULL; text += strlen(part))
        count++;
    return count;
}

static void of_many_the_first_hundred_are_shown_and_all_are_counted(void **state)
{
    enum { MANY = 103 };
    struct control_fixture *f = *state;

    for (int i = 0; i < MANY; i++) {
        char name[16];
        snprintf(name, sizeof name, "vm-%d", i);
        given_instance(f, "", name);
    }
    expect(f, HTTP_GET, "/_mock/overview", NULL, 200, "\"instance_count\":103,");
    assert_int_equal(count_of(f->answer, "\"history\":"), 100);
}

static void looking_needs_no_token_of_the_api_and_is_of_one_world(void **state)
{
    struct control_fixture *f = *state;

    f->settings.plan.api.auth = AUTH_ANY;
    control_restart(f);
    f->token = "Bearer x";
    expect(f, HTTP_POST, "/_mock/worlds", "{\"name\":\"a\"}", 201, "");
    given_instance(f, "/_w/a", "vm");
    f->token = NULL;
    expect(f, HTTP_GET, "/_w/a/instances", NULL, 401, "");
    expect(f, HTTP_GET, "/_w/a/_mock/overview", NULL, 200, "\"name\":\"vm\"");
    expect(f, HTTP_GET, "/_mock/overview", NULL, 200, "\"instances\":[]");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, control_setup, control_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_world_shows_empty_lists),
        TEST(an_instance_is_shown_as_the_api_does_with_what_happened_to_it),
        TEST(snapshots_and_schedules_are_shown_as_the_api_does),
        TEST(of_many_the_first_hundred_are_shown_and_all_are_counted),
        TEST(looking_needs_no_token_of_the_api_and_is_of_one_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
