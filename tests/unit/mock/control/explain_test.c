/* Why a request was answered as it was, in sentences. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/mock/control/control_fixture.h"

/* The next requests are asked, and the last of them explained: these parts are in the answer. */
static void explain(struct control_fixture *f, const char *const *parts)
{
    char target[sizeof f->request_id + 32];

    snprintf(target, sizeof target, "/_mock/explain/%s", f->request_id);
    for (; *parts != NULL; parts++)
        expect(f, HTTP_GET, target, NULL, 200, *parts);
}
#define EXPLAIN(f, ...) explain((f), (const char *const[]){ __VA_ARGS__, NULL })

static void a_wrong_state_is_explained_by_the_history_that_led_there(void **state)
{
    struct control_fixture *f = *state;

    given_instance(f, "", "web");
    expect(f, HTTP_POST, "/_mock/clock/advance", "{\"by\":\"1s\"}", 200, "");
    expect(f, HTTP_POST, "/instances/web/standby", "", 200, "");
    expect(f, HTTP_POST, "/_mock/clock/advance", "{\"by\":\"1s\"}", 200, "");
    (void)ask(f, HTTP_POST, "/instances/web/stop", NULL);
    EXPLAIN(
        f, "\"status\":409,\"refused_by\":\"the operation itself\",\"rules\":[\"INST-ST-012\"],",
        "\"state_now\":\"Standby\",\"allowed_now\":[\"standbyInstance\",\"restoreInstance\","
        "\"forkInstance\",\"createInstanceSnapshot\",\"deleteInstance\"],",
        "\"POST /instances/web/stop (stopInstance) was answered 409 invalid_state: invalid state "
        "transition: cannot stop from state Standby, must be Running or Initializing\",",
        "\"It was refused by the operation itself: an instance in Standby has to be restored "
        "before it can be stopped (instances.md 10.1). What is judged before that was in "
        "order.\",",
        "\"web was created at 2026-01-01T00:00:00Z\",\"web went to standby at "
        "2026-01-01T00:00:01Z\",",
        "\"web is Standby now; from there it can be asked for standbyInstance, restoreInstance, "
        "forkInstance, forkInstance with from_running, createInstanceSnapshot with kind Standby, "
        "deleteInstance\"]}");
}

static void what_came_later_does_not_explain_it(void **state)
{
    struct control_fixture *f = *state;
    char id[sizeof f->request_id];

    given_instance(f, "", "web");
    (void)ask(f, HTTP_POST, "/instances/web/standby", NULL);
    assert_int_equal(f->status, 409);
    strcpy(id, f->request_id);
    expect(f, HTTP_POST, "/_mock/clock/advance", "{\"by\":\"1s\"}", 200, "");
    expect(f, HTTP_POST, "/instances/web/stop", NULL, 200, "");
    strcpy(f->request_id, id);
    EXPLAIN(f, "\"web was created at 2026-01-01T00:00:00Z\",\"web is Stopped now;");
    expect(f, HTTP_DELETE, "/instances/web", NULL, 204, "");
    strcpy(f->request_id, id);
    EXPLAIN(f, "\"The instance it was about is no longer there.\"");
}

static const struct {
    enum http_method method;
    const char *target, *body;
    int status;
    const char *part;
} gates[] = {
    { HTTP_GET, "/instnces/web", NULL, 404,
      "\"The nearest path is /instances/{id}, which takes GET, DELETE, PATCH\"" },
    { HTTP_GET, "/instances/web/standbye", NULL, 404,
      "\"nearest\":\"/instances/{id}/standby\",\"sentences\"" },
    { HTTP_GET, "/completely/something/else/again", NULL, 404,
      "the API has no operation of this path and method" },
    { HTTP_GET, "/instances/web/standby", NULL, 405,
      "The nearest path is /instances/{id}/standby, which takes POST" },
    { HTTP_GET, "/%zz", NULL, 400, "It was refused by the request line and the headers: " },
    { HTTP_GET, "/volumes", NULL, 501, "the API has this operation and this mock does not, yet" },
    { HTTP_GET, "/instances?state=x", NULL, 400, "\"rules\":[\"VALID-001\",\"PIPE-005\"]" },
    { HTTP_POST, "/instances", "{}", 400, "\"rules\":[\"VALID-001\",\"VALID-030\",\"VALID-031\"]" },
    { HTTP_GET, "/instances/web", NULL, 404, "\"rules\":[\"RESOLVE-001\",\"RESOLVE-007\"]" },
    { HTTP_GET, "/instances", NULL, 200,
      "\"status\":200,\"rules\":[],\"sentences\":[\"GET /instances (listInstances) was answered "
      "200\"]}" },
};

static void each_gate_says_what_it_looks_at(void **state)
{
    struct control_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(gates); i++) {
        assert_int_equal(ask(f, gates[i].method, gates[i].target, gates[i].body), gates[i].status);
        EXPLAIN(f, gates[i].part);
    }
}

static void a_token_is_explained_without_being_shown(void **state)
{
    struct control_fixture *f = *state;

    f->settings.plan.api.auth = AUTH_ANY;
    control_restart(f);
    f->token = "Basic hush";
    assert_int_equal(ask(f, HTTP_GET, "/instances", NULL), 401);
    EXPLAIN(f, "\"refused_by\":\"the bearer token\",\"rules\":[\"AUTH-001\",\"AUTH-010\"],");
    assert_null(strstr(f->answer, "hush"));
}

static void a_fault_is_named(void **state)
{
    struct control_fixture *f = *state;

    expect(f, HTTP_POST, "/_mock/faults", "{\"effect\":\"status\",\"status\":503}", 201, "");
    assert_int_equal(ask(f, HTTP_GET, "/instances", NULL), 503);
    EXPLAIN(f, "\"The fault fault-1 made it so; the operation was never carried out.\"]}");
}

static void another_worlds_request_is_explained_from_anywhere(void **state)
{
    struct control_fixture *f = *state;

    expect(f, HTTP_POST, "/_mock/worlds", "{\"name\":\"a-7\"}", 201, "");
    (void)ask(f, HTTP_GET, "/_w/a-7/instances", NULL);
    assert_string_equal(f->request_id, "a-7-1");
    EXPLAIN(f, "{\"id\":\"a-7-1\",\"status\":200,");
}

static void a_wait_that_ends_badly_is_explained(void **state)
{
    struct control_fixture *f = *state;
    struct control_client waits;
    char id[64];

    given_instance(f, "", "web");
    client_begin(f, &waits, "/instances/web/wait?state=Paused");
    snprintf(id, sizeof id, "%s", waits.res.request_id);
    strcpy(f->request_id, id);
    EXPLAIN(f, "(waitForInstanceState) waits for its answer\"");
    expect(f, HTTP_DELETE, "/instances/web", NULL, 204, "");
    waits.res.delivered = true;
    client_end(&waits);
    strcpy(f->request_id, id);
    EXPLAIN(f, "\"rules\":[\"INST-W-009\"],");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, control_setup, control_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_wrong_state_is_explained_by_the_history_that_led_there),
        TEST(what_came_later_does_not_explain_it),
        TEST(each_gate_says_what_it_looks_at),
        TEST(a_token_is_explained_without_being_shown),
        TEST(a_fault_is_named),
        TEST(another_worlds_request_is_explained_from_anywhere),
        TEST(a_wait_that_ends_badly_is_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
