/* Transitions, states, guests, images and the host under a test's control, by requests and by tags.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/mock/control/control_fixture.h"

static const char advance[] = "/_mock/clock/advance";
static const char an_hour[] = "{\"by\":\"1h\"}";

static void let_pass(struct control_fixture *f)
{
    expect(f, HTTP_POST, advance, an_hour, 200, "");
}

/* POST of {"transition":NAME} */
static void ask_for(struct control_fixture *f, const char *verb, const char *transition,
                    const char *part)
{
    char target[96], body[96];

    snprintf(target, sizeof target, "/_mock/instances/vm/%s", verb);
    snprintf(body, sizeof body, "{\"transition\":\"%s\"}", transition);
    expect(f, HTTP_POST, target, body, 200, part);
}

static void expect_state(struct control_fixture *f, const char *name)
{
    char part[64];

    snprintf(part, sizeof part, "\"state\":\"%s\"", name);
    expect(f, HTTP_GET, "/instances/vm", NULL, 200, part);
}

static void given_running(struct control_fixture *f)
{
    given_instance(f, "", "vm");
    expect(f, HTTP_POST, advance, "{\"by\":\"1s\"}", 200, "");
    expect_state(f, "Running");
}

/* --- requests ------------------------------------------------------------------------------- */

static void a_boot_is_held_seen_and_released(void **state)
{
    struct control_fixture *f = *state;
    struct control_client waiting;

    given_instance(f, "", "vm");
    ask_for(f, "hold", "boot",
            "\"transitions\":{\"boot\":{\"held\":true,\"waiting\":true,\"passes\":0,"
            "\"fails\":\"never\",\"delay\":null}");
    client_begin(f, &waiting, "/instances/vm/wait?state=Running&timeout=5m");
    expect(f, HTTP_GET, "/_mock/clock", NULL, 200, "\"waiting\":1");
    expect(f, HTTP_POST, advance, "{\"by\":\"4m\"}", 200, "\"waiting\":1");
    expect_state(f, "Initializing");
    expect(f, HTTP_GET, "/_mock/transitions", NULL, 200, "\"state\":\"Initializing\"");
    ask_for(f, "release", "boot", "\"state\":\"Running\"");
    control_turn(f->control);
    expect_answered(&waiting, 200,
                    "{\"state\":\"Running\",\"state_error\":null,\"timed_out\":false}");
    client_end(&waiting);
    expect(f, HTTP_GET, "/_mock/transitions", NULL, 200, "{\"instances\":[],\"snapshots\":[]}");
}

static void a_failing_boot_ends_the_wait_for_it(void **state) /* INST-W-007 */
{
    struct control_fixture *f = *state;
    struct control_client waiting;

    given_instance(f, "", "vm");
    client_begin(f, &waiting, "/instances/vm/wait?state=Running&timeout=5m");
    ask_for(f, "fail", "boot", "\"state\":\"Stopped\"");
    control_turn(f->control);
    expect_answered(&waiting, 200, "\"state\":\"Stopped\"");
    client_end(&waiting);
    expect(f, HTTP_GET, "/instances/vm", NULL, 200, "\"exit_code\":1");
}

static const struct {
    const char *transition, *target, *body;
    const char *before, *after; /* states */
    const char *failure;
} requested[] = {
    { "standby", "/instances/vm/standby", "{}", "Running", "Standby",
      "failed to standby instance" },
    { "restore", "/instances/vm/restore", NULL, "Standby", "Running",
      "failed to restore instance" },
    { "stop", "/instances/vm/stop", NULL, "Running", "Stopped", "failed to stop instance" },
};

/* As client_begin, but any method. */
static void post(struct control_fixture *f, struct control_client *client, size_t row)
{
    client_begin_with(f, client, HTTP_POST, requested[row].target, requested[row].body);
}

static void force(struct control_fixture *f, const char *name)
{
    char body[64];

    snprintf(body, sizeof body, "{\"state\":\"%s\"}", name);
    expect(f, HTTP_PUT, "/_mock/instances/vm/state", body, 200, name);
}

static void a_held_request_is_answered_when_it_is_let_go_on(void **state)
{
    struct control_fixture *f = *state;

    given_running(f);
    for (size_t i = 0; i < ARRAY_LEN(requested); i++) {
        struct control_client first, second;
        force(f, requested[i].before);
        ask_for(f, "hold", requested[i].transition, "\"held\":true");
        post(f, &first, i);
        let_pass(f);
        assert_false(first.ready);
        expect_state(f, requested[i].before);
        ask_for(f, "step", requested[i].transition, "\"passes\":1");
        control_turn(f->control);
        expect_answered(&first, 200, requested[i].after);
        client_end(&first);

        force(f, requested[i].before);
        post(f, &second, i);
        control_turn(f->control);
        assert_false(second.ready); /* the step was used up */
        ask_for(f, "release", requested[i].transition, "");
        control_turn(f->control);
        expect_answered(&second, 200, requested[i].after);
        client_end(&second);
    }
}

static void a_held_request_that_is_made_to_fail_says_so(void **state) /* INST-X-031 */
{
    struct control_fixture *f = *state;

    given_running(f);
    for (size_t i = 0; i < ARRAY_LEN(requested); i++) {
        struct control_client client;
        force(f, requested[i].before);
        ask_for(f, "hold", requested[i].transition, "");
        post(f, &client, i);
        assert_false(client.ready);
        ask_for(f, "fail", requested[i].transition, "\"fails\":\"once\"");
        control_turn(f->control);
        expect_answered(&client, 500, requested[i].failure);
        client_end(&client);
        expect_state(f, requested[i].before);
        ask_for(f, "release", requested[i].transition, "");
        assert_int_equal(ask(f, HTTP_POST, requested[i].target, requested[i].body), 200);
    }
}

static void a_failure_that_a_test_asked_for_is_explained(void **state)
{
    struct control_fixture *f = *state;
    char target[96];

    given_running(f);
    ask_for(f, "fail", "stop", "");
    assert_int_equal(ask(f, HTTP_POST, "/instances/vm/stop", NULL), 500);
    snprintf(target, sizeof target, "/_mock/explain/%.64s", f->request_id);
    expect(f, HTTP_GET, target, NULL, 200, "a test asked for it to fail");
}

/* INST-SB-013, INST-RS-004, INST-ST-012 */
static void a_request_that_would_do_nothing_is_not_held(void **state)
{
    static const struct {
        const char *state, *target, *body;
        int status;
    } rows[] = {
        { "Stopped", "/instances/vm/standby", "{}", 409 },
        { "Standby", "/instances/vm/standby", "{}", 200 },
        { "Stopped", "/instances/vm/restore", NULL, 409 },
        { "Running", "/instances/vm/restore", NULL, 200 },
        { "Standby", "/instances/vm/stop", NULL, 409 },
        { "Stopped", "/instances/vm/stop", NULL, 200 },
    };
    struct control_fixture *f = *state;

    given_running(f);
    ask_for(f, "hold", "standby", "");
    ask_for(f, "hold", "restore", "");
    ask_for(f, "hold", "stop", "");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        force(f, rows[i].state);
        assert_int_equal(ask(f, HTTP_POST, rows[i].target, rows[i].body), rows[i].status);
    }
}

static void a_held_request_whose_instance_or_world_goes_is_answered(void **state)
{
    struct control_fixture *f = *state;
    struct control_client gone, ended;

    given_running(f);
    ask_for(f, "hold", "stop", "");
    post(f, &gone, 2);
    expect(f, HTTP_DELETE, "/instances/vm", NULL, 204, "");
    expect_answered(&gone, 404, "resource not found");
    client_end(&gone);

    given_running(f);
    ask_for(f, "hold", "stop", "");
    post(f, &ended, 2);
    expect(f, HTTP_POST, "/_mock/reset", NULL, 200, "");
    expect_answered(&ended, 200, "\"state\":\"Stopped\"");
    client_end(&ended);
}

static void a_client_that_leaves_asks_for_nothing(void **state)
{
    struct control_fixture *f = *state;
    struct control_client client;

    given_running(f);
    ask_for(f, "hold", "stop", "");
    post(f, &client, 2);
    client_end(&client);
    ask_for(f, "release", "stop", "");
    expect_state(f, "Running");
}

static void an_auto_clock_does_not_leap_for_what_is_held(void **state)
{
    struct control_fixture *f = *state;
    struct control_client client;

    given_running(f);
    expect(f, HTTP_PUT, "/instances/vm/snapshot-schedule",
           "{\"interval\":\"1h\",\"retention\":{\"max_count\":2}}", 200, "");
    ask_for(f, "hold", "stop", "");
    expect(f, HTTP_PUT, "/_mock/clock", "{\"mode\":\"auto\"}", 200, "");
    post(f, &client, 2);
    for (int i = 0; i < 5; i++)
        control_turn(f->control);
    expect(f, HTTP_GET, "/_mock/clock", NULL, 200, "\"now\":\"2026-01-01T00:00:01Z\"");
    client_end(&client);
}

/* --- what else ------------------------------------------------------------------------------ */

static const char compressed[] = "{\"kind\":\"Standby\",\"compression\":{\"enabled\":true}";

/* "x" of the first "id":"x" of the last answer that has no other id */
static void find_id(const char *answer, char out[25])
{
    const char *at = strstr(answer, "\"id\":\"");

    assert_non_null(at);
    memcpy(out, at + strlen("\"id\":\""), 24);
    out[24] = '\0';
}

static void expect_of_snapshot(struct control_fixture *f, const char *id, const char *verb,
                               int status, const char *part)
{
    char target[96];

    snprintf(target, sizeof target, "/_mock/snapshots/%s%s", id, verb);
    if (verb[0] == '\0')
        expect(f, HTTP_GET, target, NULL, status, part);
    else
        expect(f, HTTP_POST, target, "{\"transition\":\"compression\"}", status, part);
}

static void a_compression_is_held_ended_and_made_to_fail(void **state) /* COMP-025 */
{
    struct control_fixture *f = *state;
    char id[25], body[128];

    given_running(f);
    snprintf(body, sizeof body, "%s}", compressed);
    expect(f, HTTP_POST, "/instances/vm/snapshots", body, 201, "compressing");
    find_id(f->answer, id);
    expect_of_snapshot(f, id, "/hold", 200, "\"held\":true,\"compressed_at\":null");
    let_pass(f);
    expect(f, HTTP_GET, "/_mock/transitions", NULL, 200, id);
    expect_of_snapshot(f, id, "", 200, "\"compression_state\":\"compressing\"");
    expect_of_snapshot(f, id, "/step", 200, "\"compression_state\":\"compressed\"");
    expect_of_snapshot(f, id, "/release", 409, "is not held");
    expect_of_snapshot(f, id, "/fail", 409, "snapshot is not compressing");

    ask_for(f, "fail", "compression", "\"fails\":\"once\"");
    expect(f, HTTP_POST, "/instances/vm/snapshots", body, 201,
           "\"compression_error\":null,\"compression_state\":\"compressing\"");
    find_id(f->answer, id);
    let_pass(f);
    snprintf(body, sizeof body, "/snapshots/%s", id);
    expect(f, HTTP_GET, body, NULL, 200,
           "\"compression_error\":\"write compressed stream: no space left on device\","
           "\"compression_state\":\"error\"");
}

static void a_run_of_a_schedule_is_held_and_stepped(void **state)
{
    struct control_fixture *f = *state;

    given_running(f);
    expect(f, HTTP_PUT, "/instances/vm/snapshot-schedule",
           "{\"interval\":\"1h\",\"retention\":{\"max_count\":2}}", 200, "");
    ask_for(f, "hold", "schedule", "");
    expect(f, HTTP_POST, "/_mock/instances/vm/step", "{\"transition\":\"schedule\"}", 409,
           "no run of a schedule is held");
    expect(f, HTTP_POST, advance, "{\"by\":\"5h\"}", 200, "");
    expect(f, HTTP_GET, "/snapshots", NULL, 200, "[]");
    expect(f, HTTP_GET, "/_mock/instances/vm", NULL, 200,
           "\"schedule\":{\"held\":true,\"waiting\":true");
    ask_for(f, "step", "schedule", "\"schedule\":{\"held\":true,\"waiting\":false");
    expect(f, HTTP_GET, "/snapshots", NULL, 200, "scheduled-");
}

static void a_boot_takes_as_long_as_is_asked_for(void **state)
{
    struct control_fixture *f = *state;

    given_running(f);
    expect(f, HTTP_POST, "/_mock/instances/vm/delay", "{\"transition\":\"boot\",\"by\":\"12s\"}",
           200, "\"delay\":\"12s\"");
    assert_int_equal(ask(f, HTTP_POST, "/instances/vm/stop", NULL), 200);
    assert_int_equal(ask(f, HTTP_POST, "/instances/vm/start", "{}"), 200);
    expect(f, HTTP_POST, advance, "{\"until\":{\"instance\":\"vm\",\"state\":\"Running\"}}", 200,
           "\"now\":\"2026-01-01T00:00:13Z\"");
}

static void a_guest_ends_is_connected_to_and_found_unhealthy(void **state)
{
    struct control_fixture *f = *state;

    given_running(f);
    expect(f, HTTP_PUT, "/_mock/instances/vm/connections", "{\"count\":2}", 200,
           "\"connections\":2");
    expect(f, HTTP_PUT, "/_mock/instances/vm/probes", "{\"fail\":true}", 200,
           "\"probes_fail\":true");
    expect(f, HTTP_POST, "/_mock/instances/vm/exit", "{\"code\":137}", 200,
           "\"state\":\"Stopped\"");
    expect(f, HTTP_GET, "/instances/vm", NULL, 200, "\"exit_code\":137");
    expect(f, HTTP_POST, "/_mock/instances/vm/exit", "{\"code\":0}", 409,
           "no guest is running: the instance is Stopped");
    force(f, "Unknown"); /* INST-J-005 */
    expect(f, HTTP_GET, "/instances/vm", NULL, 200,
           "\"state_error\":\"failed to query hypervisor: ");
}

static void an_image_goes_and_the_host_fills_up(void **state) /* INST-C-023, INST-C-050 */
{
    static const char another[] = "{\"name\":\"other\",\"image\":\"alpine\"}";
    struct control_fixture *f = *state;

    expect(f, HTTP_PUT, "/_mock/images", "{\"image\":\"alpine\",\"condition\":\"missing\"}", 200,
           "[{\"image\":\"docker.io/library/alpine:latest\",\"condition\":\"missing\"}]");
    expect(f, HTTP_POST, "/instances", another, 404, "image not found");
    expect(f, HTTP_PUT, "/_mock/images", "{\"image\":\"alpine\",\"condition\":\"ready\"}", 200,
           "[]");
    given_running(f);
    expect(f, HTTP_GET, "/_mock/capacity", NULL, 200, "{\"cpu\":16,");
    expect(f, HTTP_PUT, "/_mock/capacity", "{\"memory_bytes\":0}", 200,
           "\"memory_bytes\":0,\"disk_bytes\":");
    expect(f, HTTP_POST, "/instances", another, 409, "insufficient_resources");
    expect_state(f, "Running"); /* what it has it keeps */
    expect(f, HTTP_PUT, "/_mock/capacity", "{\"memory_bytes\":68719476736}", 200, "");
    expect(f, HTTP_POST, "/instances", another, 201, "");
}

/* --- bad input ------------------------------------------------------------------------------ */

static const struct {
    enum http_method method;
    const char *target, *body;
    int status;
    const char *part, *field;
} bad[] = {
    { HTTP_POST, "hold", "{}", 400, "transition", "transition" },
    { HTTP_POST, "hold", "{\"transition\":7}", 400, "must be a string", "transition" },
    { HTTP_POST, "hold", "{\"transition\":\"bot\"}", 400, "did you mean \\\"boot\\\"?",
      "transition" },
    { HTTP_POST, "hold", "{\"transition\":\"x\"}", 400,
      "must be one of: boot, standby, restore, stop, compression, schedule", "transition" },
    { HTTP_POST, "hold", "{\"transition\":\"boot\",\"always\":true}", 400, "unknown member",
      "always" },
    { HTTP_POST, "step", "{\"transition\":\"boot\"}", 409, "no boot of the instance is held",
      "transition" },
    { HTTP_POST, "step", "{\"transition\":\"stop\"}", 409, "no stop of the instance is held",
      "transition" },
    { HTTP_POST, "step", "{\"transition\":\"compression\"}", 409,
      "a compression goes on at its snapshot", "transition" },
    { HTTP_POST, "fail", "{\"transition\":\"boot\",\"always\":1}", 400, "always must be",
      "always" },
    { HTTP_POST, "delay", "{\"transition\":\"boot\"}", 400, "by", "by" },
    { HTTP_POST, "delay", "{\"transition\":\"boot\",\"by\":\"-1s\"}", 400, "more than 0", "by" },
    { HTTP_POST, "delay", "{\"transition\":\"stop\",\"by\":\"1s\"}", 409,
      "only a boot and a compression take time", "transition" },
    { HTTP_PUT, "state", "{\"state\":\"running\"}", 400, "did you mean \\\"Running\\\"?", "state" },
    { HTTP_PUT, "state", "{}", 400, "state", "state" },
    { HTTP_POST, "exit", "{\"code\":256}", 400, "code must be between 0 and 255", "code" },
    { HTTP_POST, "exit", "{\"code\":\"1\"}", 400, "code must be an integer", "code" },
    { HTTP_PUT, "connections", "{\"count\":-1}", 400, "count must be between 0 and 4294967295",
      "count" },
    { HTTP_PUT, "connections", "{}", 400, "count", "count" },
    { HTTP_PUT, "probes", "{\"fail\":\"yes\"}", 400, "fail must be", "fail" },
};

static void a_bad_request_about_an_instance_names_what_is_wrong(void **state)
{
    struct control_fixture *f = *state;
    char before[sizeof f->answer];

    given_running(f);
    assert_int_equal(ask(f, HTTP_GET, "/_mock/state", NULL), 200);
    strcpy(before, f->answer);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char target[96], field[64];
        snprintf(target, sizeof target, "/_mock/instances/vm/%s", bad[i].target);
        snprintf(field, sizeof field, "\"field\":\"%s\"", bad[i].field);
        expect(f, bad[i].method, target, bad[i].body, bad[i].status, bad[i].part);
        if (strstr(f->answer, field) == NULL)
            fail_msg("%s %s: no %s in %s", target, bad[i].body, field, f->answer);
    }
    assert_int_equal(ask(f, HTTP_GET, "/_mock/state", NULL), 200);
    assert_string_equal(f->answer, before);
}

/* --- tags ----------------------------------------------------------------------------------- */

static void create_tagged(struct control_fixture *f, const char *tags, int status, const char *part)
{
    char body[256];

    snprintf(body, sizeof body, "{\"name\":\"vm\",\"image\":\"alpine\",\"tags\":{%s}}", tags);
    expect(f, HTTP_POST, "/instances", body, status, part);
}

static void tags_say_what_becomes_of_an_instance(void **state)
{
    static const struct {
        const char *tags, *transitions;
    } rows[] = {
        { "\"mock.boot\":\"12s\"", "\"boot\":{\"held\":false,\"waiting\":false,\"passes\":0,"
                                   "\"fails\":\"never\",\"delay\":\"12s\"}" },
        { "\"mock.boot\":\"hold\"", "\"boot\":{\"held\":true,\"waiting\":true" },
        { "\"mock.stop\":\"fail-always\"", "\"stop\":{\"held\":false,\"waiting\":false,"
                                           "\"passes\":0,\"fails\":\"always\"" },
        { "\"mock.fail\":\"restore stop\"", "\"restore\":{\"held\":false,\"waiting\":false,"
                                            "\"passes\":0,\"fails\":\"once\"" },
        { "\"mock.compression\":\"5s\",\"a\":\"b\"", "\"delay\":\"5s\"" },
        { "\"mock.schedule\":\"hold\"", "\"schedule\":{\"held\":true" },
        { "\"mocking\":\"hold\"", "\"boot\":{\"held\":false" },
    };
    struct control_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        create_tagged(f, rows[i].tags, 201, "\"tags\":{\"");
        expect(f, HTTP_GET, "/_mock/instances/vm", NULL, 200, rows[i].transitions);
        expect(f, HTTP_DELETE, "/instances/vm", NULL, 204, "");
    }
}

static void a_tag_that_says_nothing_known_is_refused(void **state)
{
    static const struct {
        const char *tags, *part;
    } rows[] = {
        { "\"mock.bot\":\"12s\"", "tag mock.bot: there is no transition \\\"bot\\\"; there are " },
        { "\"mock.\":\"\"", "tag mock.: there is no transition" },
        { "\"mock.boot\":\"held\"", "tag mock.boot: must be \\\"hold\\\", \\\"fail\\\", "
                                    "\\\"fail-always\\\" or a duration" },
        { "\"mock.boot\":\"-1s\"", "or a duration" },
        { "\"mock.stop\":\"5s\"", "tag mock.stop: must be \\\"hold\\\", \\\"fail\\\" or" },
        { "\"mock.fail\":\"boot+stop\"", "there is no transition \\\"boot+stop\\\"" },
    };
    struct control_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        create_tagged(f, rows[i].tags, 400, rows[i].part);
    expect(f, HTTP_GET, "/instances", NULL, 200, "[]");
}

static void tags_of_a_snapshot_are_about_its_compression(void **state)
{
    struct control_fixture *f = *state;
    char body[160], id[25];

    given_running(f);
    snprintf(body, sizeof body, "%s,\"tags\":{\"mock.compression\":\"hold\"}}", compressed);
    expect(f, HTTP_POST, "/instances/vm/snapshots", body, 201, "compressing");
    find_id(f->answer, id);
    let_pass(f);
    expect_of_snapshot(f, id, "", 200, "\"held\":true");
    expect_of_snapshot(f, id, "/release", 200, "\"compressed\"");
    snprintf(body, sizeof body, "%s,\"tags\":{\"mock.boot\":\"hold\"}}", compressed);
    expect(f, HTTP_POST, "/instances/vm/snapshots", body, 400,
           "tag mock.boot: there is no transition \\\"boot\\\"; there is compression");
}

static void without_control_tags_are_only_tags(void **state)
{
    struct control_fixture *f = *state;

    f->settings.enabled = false;
    control_restart(f);
    create_tagged(f, "\"mock.boot\":\"what is this\"", 201, "");
}

/* --- copies --------------------------------------------------------------------------------- */

static void forks_and_documents_keep_what_is_held(void **state)
{
    struct control_fixture *f = *state;
    static char document[sizeof f->answer + 64];

    given_instance(f, "", "vm");
    ask_for(f, "hold", "boot", "");
    ask_for(f, "fail", "stop", "");
    expect(f, HTTP_POST, "/_mock/worlds", "{\"name\":\"fork\",\"from\":\"default\"}", 201, "");
    assert_int_equal(ask(f, HTTP_GET, "/_mock/state", NULL), 200);
    snprintf(document, sizeof document, "{\"name\":\"twin\",\"state\":%s}", f->answer);
    expect(f, HTTP_POST, "/_mock/worlds", document, 201, "");
    ask_for(f, "release", "boot", "\"state\":\"Running\"");

    static const char *const copies[] = { "fork", "twin" };
    for (size_t i = 0; i < ARRAY_LEN(copies); i++) {
        char target[96];
        snprintf(target, sizeof target, "/_w/%s%s", copies[i], advance);
        expect(f, HTTP_POST, target, an_hour, 200, "");
        snprintf(target, sizeof target, "/_w/%s/_mock/instances/vm", copies[i]);
        expect(f, HTTP_GET, target, NULL, 200, "\"state\":\"Initializing\"");
        expect(f, HTTP_GET, target, NULL, 200,
               "\"boot\":{\"held\":true,\"waiting\":true,\"passes\":0,\"fails\":\"never\"");
        snprintf(target, sizeof target, "/_w/%s/instances/vm/stop", copies[i]);
        assert_int_equal(ask(f, HTTP_POST, target, NULL), 500);
        assert_int_equal(ask(f, HTTP_POST, target, NULL), 200);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, control_setup, control_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_boot_is_held_seen_and_released),
        TEST(a_failing_boot_ends_the_wait_for_it),
        TEST(a_held_request_is_answered_when_it_is_let_go_on),
        TEST(a_held_request_that_is_made_to_fail_says_so),
        TEST(a_failure_that_a_test_asked_for_is_explained),
        TEST(a_request_that_would_do_nothing_is_not_held),
        TEST(a_held_request_whose_instance_or_world_goes_is_answered),
        TEST(a_client_that_leaves_asks_for_nothing),
        TEST(an_auto_clock_does_not_leap_for_what_is_held),
        TEST(a_compression_is_held_ended_and_made_to_fail),
        TEST(a_run_of_a_schedule_is_held_and_stepped),
        TEST(a_boot_takes_as_long_as_is_asked_for),
        TEST(a_guest_ends_is_connected_to_and_found_unhealthy),
        TEST(an_image_goes_and_the_host_fills_up),
        TEST(a_bad_request_about_an_instance_names_what_is_wrong),
        TEST(tags_say_what_becomes_of_an_instance),
        TEST(a_tag_that_says_nothing_known_is_refused),
        TEST(tags_of_a_snapshot_are_about_its_compression),
        TEST(without_control_tags_are_only_tags),
        TEST(forks_and_documents_keep_what_is_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
