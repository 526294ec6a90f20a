/* Following a log of hypeman-mock over a real socket (instances.md 12). */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/http_client.h"
#include "tests/support/program.h"

static int start_mock(void **state)
{
    struct program *mock = calloc(1, sizeof *mock);
    *state = mock;
    return mock != NULL && program_start(mock, "hypeman-mock",
                                         (const char *[]){ "--listen", "127.0.0.1:0", "--log",
                                                           "off", "--boot-delay", "500ms", NULL })
               ? 0
               : -1;
}

/* Its end is a part of the tests, but not of those that failed. */
static int free_mock(void **state)
{
    struct program *mock = *state;
    if (mock->output == NULL)
        (void)program_stop(mock, SIGTERM);
    program_free(mock);
    free(mock);
    return 0;
}

static void connect_to(const struct program *mock, struct http_client *client)
{
    assert_true(http_client_open(client, mock->urls[0]));
}

static void ask(struct http_client *client, const char *method, const char *target,
                const char *json, int status)
{
    struct http_answer answer;
    assert_true(http_client_request(client, method, target, json));
    assert_true(http_client_read(client, &answer));
    assert_int_equal(answer.status, status);
    http_answer_free(&answer);
}

static void given_running(struct http_client *client)
{
    ask(client, "POST", "/instances", "{\"name\":\"vm\",\"image\":\"nginx\"}", 201);
    ask(client, "GET", "/instances/vm/wait?state=Running", NULL, 200);
}

/* How often `part` stands in what comes up to and with `end`. */
static size_t count_until(struct http_client *client, const char *end, const char *part)
{
    size_t count = 0;
    char *text = http_client_read_until(client, end);
    assert_non_null(text);
    for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part))
        count++;
    free(text);
    return count;
}

static bool has_received(const struct http_client *client)
{
    struct pollfd fd = { .fd = client->fd, .events = POLLIN };
    return client->len > 0 || poll(&fd, 1, 0) != 0;
}

static void lines_arrive_as_they_are_written(void **state) /* INST-LOG-012, INST-LOG-013 */
{
    struct program *mock = *state;
    struct http_client user, follower;

    connect_to(mock, &user);
    given_running(&user);
    connect_to(mock, &follower);
    assert_true(
        http_client_request(&follower, "GET", "/instances/vm/logs?follow=true&tail=0", NULL));
    ask(&user, "GET", "/health", NULL, 200);
    assert_false(has_received(&follower));

    /* A boot takes half a second; a chunk begins with its length and a line end. */
    ask(&user, "POST", "/instances/vm/stop", NULL, 200);
    ask(&user, "POST", "/instances/vm/start", "{}", 200);
    assert_int_equal(count_until(&follower, "\r\n\r\n", "Content-Type: text/event-stream"), 1);
    assert_in_range(count_until(&follower, "starting what the image says", "\r\ndata: \""), 2, 12);

    /* It goes on after a stop, and with the next boot. */
    ask(&user, "POST", "/instances/vm/stop", NULL, 200);
    assert_int_equal(count_until(&follower, "HYPEMAN-EXIT code=143", "app exited"), 1);
    ask(&user, "POST", "/instances/vm/start", "{}", 200);
    assert_int_equal(count_until(&follower, "init started on linux/amd64", "data: \""), 1);

    http_client_close(&follower);
    ask(&user, "POST", "/instances/vm/stop", NULL, 200);
    ask(&user, "DELETE", "/instances/vm", NULL, 204);
    http_client_close(&user);
    assert_int_equal(program_stop(mock, SIGTERM), 0);
}

static void the_end_of_the_server_ends_the_stream_in_order(void **state)
{
    struct program *mock = *state;
    struct http_client user, follower;

    connect_to(mock, &user);
    given_running(&user);
    connect_to(mock, &follower);
    assert_true(http_client_request(&follower, "GET", "/instances/vm/logs?follow=true", NULL));
    assert_int_equal(count_until(&follower, "starting what", "init started"), 1);
    assert_int_equal(program_stop(mock, SIGTERM), 0);
    assert_int_equal(count_until(&follower, "\r\n0\r\n\r\n", "data: "), 0);
    assert_true(http_client_is_closed(&follower));
    http_client_close(&follower);
    http_client_close(&user);
}

static void without_follow_it_ends_by_itself(void **state) /* INST-LOG-001, INST-LOG-021 */
{
    struct program *mock = *state;
    struct http_client user;
    struct http_answer answer;

    connect_to(mock, &user);
    given_running(&user);
    assert_true(http_client_request(&user, "GET", "/instances/vm/logs", NULL));
    assert_true(http_client_read(&user, &answer));
    assert_int_equal(answer.status, 200);
    assert_true(answer.chunked);
    assert_true(http_answer_has_line(&answer, "Content-Type: text/event-stream"));
    assert_true(http_answer_has_line(&answer, "Cache-Control: no-cache"));
    assert_true(http_answer_has_line(&answer, "Connection: Keep-Alive"));
    assert_true(http_answer_has_line(&answer, "X-Accel-Buffering: no"));
    http_answer_free(&answer);

    assert_true(http_client_request(&user, "GET", "/instances/vm/logs?tail=0", NULL));
    assert_true(http_client_read(&user, &answer));
    assert_true(http_answer_has_line(&answer, "Content-Length: 0"));
    assert_true(http_answer_has_line(&answer, "Content-Type: text/event-stream"));
    assert_true(http_answer_has_line(&answer, "Connection: Keep-Alive"));
    assert_string_equal(answer.body, "");
    http_answer_free(&answer);
    http_client_close(&user);
    assert_int_equal(program_stop(mock, SIGTERM), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start_mock, free_mock)
    const struct CMUnitTest tests[] = {
        TEST(lines_arrive_as_they_are_written),
        TEST(the_end_of_the_server_ends_the_stream_in_order),
        TEST(without_follow_it_ends_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
