/* GET /instances/{id}/wait (instances.md 11). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "mock/domain/instance_force.h"
#include "mock/domain/instances.h"
#include "tests/unit/mock/api/api_fixture.h"

#define BOOT_NS (250 * NS_PER_MS)

/* "vm", Initializing for BOOT_NS. */
static void given_booting(struct api_fixture *f)
{
    post(f, "/instances", "{\"name\":\"vm\",\"image\":\"alpine\"}");
    expect_status(f, 201);
}

static void given_running(struct api_fixture *f)
{
    given_booting(f);
    f->fake.now_ns += BOOT_NS;
}

static void given_vm_in(struct api_fixture *f, enum instance_state state)
{
    const struct instance *instance;
    struct error err = { 0 };

    given_running(f);
    assert_true(instances_resolve(f->world, TEXT("vm"), &instance, &err));
    assert_true(instance_force_state(f->world, instance->config->id, state, &instance, &err));
}

static void a_bad_query_is_refused_in_the_contracts_order(void **state)
{
    static const struct {
        const char *query;
        const char *code; /* NULL: the validator's */
        const char *message;
    } cases[] = {
        /* INST-W-001, INST-W-002, VALID-019 */
        { "", NULL, "parameter \"state\" in query has an error: value is required but missing" },
        { "?timeout=5", NULL,
          "parameter \"state\" in query has an error: value is required but missing" },
        { "?state=", NULL,
          "parameter \"state\" in query has an error: empty value is not allowed" },
        { "?state=running", NULL,
          "parameter \"state\" in query has an error: value is not one of the allowed values "
          "[\"Created\",\"Initializing\",\"Running\",\"Paused\",\"Shutdown\",\"Stopped\","
          "\"Standby\",\"Unknown\"]" },
        /* INST-W-003 */
        { "?state=Unknown", "invalid_state", "invalid target state: Unknown" },
        { "?state=Unknown&timeout=x", "invalid_state", "invalid target state: Unknown" },
        /* INST-W-004 */
        { "?state=Running&timeout=5", "invalid_timeout",
          "invalid timeout format: time: missing unit in duration \"5\"" },
        { "?state=Running&timeout=soon", "invalid_timeout",
          "invalid timeout format: time: invalid duration \"soon\"" },
        /* INST-W-005 */
        { "?state=Running&timeout=0s", "invalid_timeout", "timeout must be positive" },
        { "?state=Running&timeout=-1s", "invalid_timeout", "timeout must be positive" },
        /* BIND-002: in the shape the description promises */
        { "?state=Running&timeout=", NULL,
          "Invalid format for parameter timeout: multiple values for single value parameter "
          "'timeout'" },
        { "?state=Running&state=Running", NULL,
          "Invalid format for parameter state: multiple values for single value parameter "
          "'state'" },
    };
    struct api_fixture *f = *state;
    char target[128];

    given_running(f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        snprintf(target, sizeof target, "/instances/vm/wait%s", cases[i].query);
        get(f, target);
        if (cases[i].code == NULL)
            expect_bad_request(f, cases[i].message);
        else
            expect_error(f, 400, cases[i].code, cases[i].message);
    }
}

static void an_unknown_instance_is_404_before_the_words_are_judged(void **state)
{
    struct api_fixture *f = *state;

    get(f, "/instances/nobody/wait?state=Unknown&timeout=x");
    expect_json(f, 404, "{\"code\":\"not_found\",\"message\":\"resource not found\"}");
    get(f, "/instances/nobody/wait?state=running");
    expect_status(f, 400);
}

static void who_need_not_wait_is_answered_at_once(void **state)
{
    static const struct {
        enum instance_state current;
        const char *target;
        const char *answer;
    } cases[] = {
        /* INST-W-006, INST-W-016 */
        { INSTANCE_RUNNING, "Running",
          "{\"state\":\"Running\",\"state_error\":null,\"timed_out\":false}\n" },
        { INSTANCE_STOPPED, "Stopped",
          "{\"state\":\"Stopped\",\"state_error\":null,\"timed_out\":false}\n" },
        /* INST-W-007 */
        { INSTANCE_STOPPED, "Running",
          "{\"state\":\"Stopped\",\"state_error\":null,\"timed_out\":false}\n" },
        { INSTANCE_STANDBY, "Running",
          "{\"state\":\"Standby\",\"state_error\":null,\"timed_out\":false}\n" },
        { INSTANCE_SHUTDOWN, "Stopped",
          "{\"state\":\"Shutdown\",\"state_error\":null,\"timed_out\":false}\n" },
        { INSTANCE_PAUSED, "Created",
          "{\"state\":\"Paused\",\"state_error\":null,\"timed_out\":false}\n" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct api_fixture *f = *state;
        char target[64];
        given_vm_in(f, cases[i].current);
        snprintf(target, sizeof target, "/instances/vm/wait?state=%s", cases[i].target);
        get(f, target);
        expect_json(f, 200, cases[i].answer);
        send_request(f, HTTP_DELETE, "/instances/vm", NULL);
    }
}

static void an_unknown_state_is_told_with_its_error(void **state) /* INST-W-007, INST-W-016 */
{
    struct api_fixture *f = *state;

    given_vm_in(f, INSTANCE_UNKNOWN);
    get(f, "/instances/vm/wait?state=Running");
    expect_status(f, 200);
    expect_contains(f, "{\"state\":\"Unknown\",\"state_error\":\"");
    expect_contains(f, "\",\"timed_out\":false}\n");
}

static void the_end_of_a_boot_answers(void **state) /* INST-W-013 */
{
    struct api_fixture *f = *state;
    struct api_client client;

    given_booting(f);
    client_get(f, &client, "/instances/vm/wait?state=Running&timeout=5s");
    assert_int_equal(api_pause_ns(f->api), BOOT_NS);
    pass(f, BOOT_NS - 1);
    assert_false(client.answered);
    pass(f, 1);
    expect_received(&client, 200,
                    "{\"state\":\"Running\",\"state_error\":null,\"timed_out\":false}\n");
    assert_string_equal(client.res.content_type, "application/json");
    client_leave(&client);
}

static void after_the_timeout_the_state_as_it_is_then_is_told(void **state)
{
    static const struct {
        const char *query;
        enum truth truth;
        int64_t seconds;
    } cases[] = {
        { "state=Stopped&timeout=1s", TRUTH_SPEC, 1 },      /* INST-W-008 */
        { "state=Initializing&timeout=2s", TRUTH_SPEC, 2 }, /* INST-W-015 */
        { "state=Created&timeout=2s", TRUTH_SPEC, 2 },      /* INST-W-015 */
        { "state=Stopped", TRUTH_SPEC, 60 },                /* INST-W-010 */
        { "state=Stopped", TRUTH_SERVER, 60 },              /* INST-W-012 */
        { "state=Stopped&timeout=4m", TRUTH_SPEC, 240 },    /* INST-W-011 */
        { "state=Stopped&timeout=2h", TRUTH_SPEC, 300 },    /* INST-W-011 */
        { "state=Stopped&timeout=2h", TRUTH_SERVER, 60 },   /* INST-W-012 */
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct api_fixture *f = *state;
        struct api_client client;
        char target[64];
        const struct world_settings settings = world_settings_default();
        f->truth = cases[i].truth;
        api_restart(f, &settings);
        given_running(f);
        snprintf(target, sizeof target, "/instances/vm/wait?%s", cases[i].query);
        client_get(f, &client, target);
        pass(f, cases[i].seconds * NS_PER_SEC - 1);
        assert_false(client.answered);
        pass(f, 1);
        expect_received(&client, 200,
                        "{\"state\":\"Running\",\"state_error\":null,\"timed_out\":true}\n");
        client_leave(&client);
    }
}

static void the_last_look_may_find_the_state(void **state) /* INST-W-008 */
{
    struct api_fixture *f = *state;
    struct api_client client;

    given_booting(f);
    client_get(f, &client, "/instances/vm/wait?state=Running&timeout=250ms");
    pass(f, BOOT_NS);
    expect_received(&client, 200,
                    "{\"state\":\"Running\",\"state_error\":null,\"timed_out\":false}\n");
    client_leave(&client);
}

static void what_others_do_to_the_instance_is_seen_at_once(void **state) /* INST-W-014 */
{
    static const struct {
        const char *target;
        const char *action;
        const char *body;
        const char *answer;
    } cases[] = {
        { "Standby", "standby", NULL,
          "{\"state\":\"Standby\",\"state_error\":null,\"timed_out\":false}\n" },
        { "Stopped", "stop", NULL,
          "{\"state\":\"Stopped\",\"state_error\":null,\"timed_out\":false}\n" },
        /* INST-W-007 */
        { "Stopped", "standby", NULL,
          "{\"state\":\"Standby\",\"state_error\":null,\"timed_out\":false}\n" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct api_fixture *f = *state;
        struct api_client client;
        char target[64];
        given_running(f);
        snprintf(target, sizeof target, "/instances/vm/wait?state=%s", cases[i].target);
        client_get(f, &client, target);
        snprintf(target, sizeof target, "/instances/vm/%s", cases[i].action);
        post(f, target, cases[i].body);
        expect_status(f, 200);
        pass(f, 0);
        expect_received(&client, 200, cases[i].answer);
        client_leave(&client);
        send_request(f, HTTP_DELETE, "/instances/vm", NULL);
    }
}

static void changes_of_others_do_not_end_a_wait(void **state)
{
    struct api_fixture *f = *state;
    struct api_client client;

    given_running(f);
    client_get(f, &client, "/instances/vm/wait?state=Stopped&timeout=30s");
    post(f, "/instances", "{\"name\":\"other\",\"image\":\"alpine\"}");
    pass(f, NS_PER_SEC);
    assert_false(client.answered);
    assert_int_equal(api_pause_ns(f->api), 29 * NS_PER_SEC);
    client_leave(&client);
    assert_int_equal(api_pause_ns(f->api), INT64_MAX);
}

static void deleting_the_instance_ends_the_wait(void **state) /* INST-W-009, INST-D-005 */
{
    struct api_fixture *f = *state;
    struct api_client client;

    given_running(f);
    client_get(f, &client, "/instances/vm/wait?state=Stopped");
    send_request(f, HTTP_DELETE, "/instances/vm", NULL);
    expect_status(f, 204);
    given_running(f); /* of the same name, but another */
    pass(f, 0);
    expect_received(
        &client, 404,
        "{\"code\":\"not_found\",\"message\":\"instance was deleted while waiting\"}\n");
    client_leave(&client);
}

static void who_must_answer_now_does_so_as_at_the_timeout(void **state)
{
    struct api_fixture *f = *state;
    struct api_client client;

    given_running(f);
    client_get(f, &client, "/instances/vm/wait?state=Stopped");
    api_finish(f->api);
    pass(f, 0);
    expect_received(&client, 200,
                    "{\"state\":\"Running\",\"state_error\":null,\"timed_out\":true}\n");
    client_leave(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)
        TEST(a_bad_query_is_refused_in_the_contracts_order),
        TEST(an_unknown_instance_is_404_before_the_words_are_judged),
        TEST(who_need_not_wait_is_answered_at_once),
        TEST(an_unknown_state_is_told_with_its_error),
        TEST(the_end_of_a_boot_answers),
        TEST(after_the_timeout_the_state_as_it_is_then_is_told),
        TEST(the_last_look_may_find_the_state),
        TEST(what_others_do_to_the_instance_is_seen_at_once),
        TEST(changes_of_others_do_not_end_a_wait),
        TEST(deleting_the_instance_ends_the_wait),
        TEST(who_must_answer_now_does_so_as_at_the_timeout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
