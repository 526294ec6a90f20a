/* The journal of hypeman-mock over real sockets: what clients did, live and afterwards. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/scope.h"
#include "tests/support/http_client.h"
#include "tests/support/program.h"

static int start_mock(void **state)
{
    static const char *const args[] = { "--listen", "127.0.0.1:0", "--log", "off",
                                        "--clock",  "virtual",     NULL };
    struct program *mock = calloc(1, sizeof *mock);

    assert_non_null(mock);
    assert_true(program_start(mock, "hypeman-mock", args));
    *state = mock;
    return 0;
}

static int stop_mock(void **state)
{
    struct program *mock = *state;

    assert_int_equal(program_stop(mock, SIGTERM), 0);
    program_free(mock);
    free(mock);
    return 0;
}

static void connect_to(const struct program *mock, struct http_client *client)
{
    assert_true(http_client_open(client, mock->urls[0]));
}

static void ask(struct http_client *client, const char *method, const char *target,
                const char *json, int status, const char *part)
{
    struct http_answer answer = { 0 };

    assert_true(http_client_request(client, method, target, json) &&
                http_client_read(client, &answer));
    if (answer.status != status || strstr(answer.body, part) == NULL)
        fail_msg("%s %s: %d %s instead of %d %s", method, target, answer.status, answer.body,
                 status, part);
    http_answer_free(&answer);
}

/* Until the answer has the part, which comes when the mock has heard of something. */
static void ask_until(struct http_client *client, const char *target, const char *part)
{
    bool found = false;

    while (!found) {
        struct http_answer answer = { 0 };
        assert_true(http_client_request(client, "GET", target, NULL) &&
                    http_client_read(client, &answer));
        found = strstr(answer.body, part) != NULL;
        http_answer_free(&answer);
    }
}

static void a_follower_sees_each_request_as_it_ends(void **state)
{
    struct http_client user, follower;

    connect_to(*state, &user);
    connect_to(*state, &follower);
    assert_true(http_client_request(&follower, "GET", "/_mock/journal/stream?method=POST", NULL));
    char *text = http_client_read_until(&follower, "as they come and end\n\n");
    assert_non_null(strstr(text, "text/event-stream"));
    free(text);
    ask(&user, "POST", "/instances", "{\"name\":\"web\",\"image\":\"nginx\"}", 201, "");
    text = http_client_read_until(&follower, "\"outcome\":\"answered\"}\n\n");
    assert_non_null(text);
    assert_non_null(strstr(text, "event: request\nid: default-2\ndata: {\"id\":\"default-2\""));
    assert_non_null(strstr(text, "\"answer_bytes\":"));
    free(text);
    http_client_close(&follower);
    http_client_close(&user);
}

static void who_leaves_and_who_stays_is_told(void **state)
{
    struct http_client user, leaves, stays;

    connect_to(*state, &user);
    connect_to(*state, &leaves);
    connect_to(*state, &stays);
    ask(&user, "POST", "/instances", "{\"name\":\"web\",\"image\":\"nginx\"}", 201, "");
    assert_true(http_client_request(&leaves, "GET", "/instances/web/wait?state=Running", NULL));
    assert_true(
        http_client_request(&stays, "GET", "/instances/web/logs?follow=true&source=vmm", NULL));
    ask_until(&user, "/_mock/journal?outcome=waiting", "/wait\"");
    http_client_close(&leaves);
    ask_until(&user, "/_mock/verdicts", "\"kind\":\"client-left\"");
    ask_until(&user, "/_mock/verdicts", "\"kind\":\"stream-left-open\"");
    http_client_close(&stays);
    ask_until(&user, "/_mock/journal?operation=getInstanceLogs", "\"outcome\":\"client-left\"");
    http_client_close(&user);
}

static void a_lost_answer_and_the_try_after_it_are_told_apart(void **state)
{
    struct http_client user, loses;
    struct http_answer answer = { 0 };

    connect_to(*state, &user);
    connect_to(*state, &loses);
    ask(&user, "POST", "/_mock/faults",
        "{\"match\":{\"operation\":\"createInstance\"},\"times\":1,\"effect\":"
        "\"commit-then-lose\"}",
        201, "");
    assert_true(http_client_request(&loses, "POST", "/instances",
                                    "{\"name\":\"web\",\"image\":\"nginx\"}"));
    assert_false(http_client_read(&loses, &answer));
    http_answer_free(&answer);
    http_client_close(&loses);
    ask(&user, "POST", "/instances", "{\"name\":\"web\",\"image\":\"nginx\"}", 409, "");
    ask_until(&user, "/_mock/verdicts", "which had taken effect; it was answered 409\"");
    ask(&user, "GET", "/_mock/journal?outcome=lost", NULL, 200, "\"applied\":true");
    ask(&user, "POST", "/_mock/verify",
        "{\"expectations\":[{\"exactly\":2,\"of\":{\"operation\":\"createInstance\"}},{\"in_"
        "order\":"
        "[{\"outcome\":\"lost\"},{\"code\":\"name_conflict\"}]}]}",
        200, "{\"ok\":true,");
    http_client_close(&user);
}

static void coverage_is_told_to_people_and_to_programs(void **state)
{
    const struct program *mock = *state;
    struct http_client user;
    struct http_answer answer = { 0 };

    connect_to(mock, &user);
    ask(&user, "GET", "/instances", NULL, 200, "[]");
    ask(&user, "GET", "/_mock/coverage", NULL, 200, "{\"seen\":[\"listInstances\"],");
    assert_true(http_client_send_text(&user, "GET /_mock/coverage HTTP/1.1\r\nHost: x\r\nAccept: "
                                             "text/plain\r\n\r\n"));
    assert_true(http_client_read(&user, &answer));
    assert_true(http_answer_has_line(&answer, "Content-Type: text/plain; charset=utf-8"));
    assert_non_null(strstr(answer.body, "\nnever: operations\n  getHealth\n"));
    http_answer_free(&answer);
    http_client_close(&user);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start_mock, stop_mock)
    const struct CMUnitTest tests[] = {
        TEST(a_follower_sees_each_request_as_it_ends),
        TEST(who_leaves_and_who_stays_is_told),
        TEST(a_lost_answer_and_the_try_after_it_are_told_apart),
        TEST(coverage_is_told_to_people_and_to_programs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
