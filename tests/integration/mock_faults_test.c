/* The faults of hypeman-mock to the byte, on raw sockets: what comes, and how the connection ends.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "common/base/scope.h"
#include "tests/support/http_client.h"
#include "tests/support/program.h"

static int start_mock(void **state)
{
    struct program *mock = calloc(1, sizeof *mock);

    *state = mock;
    return mock != NULL &&
                   program_start(mock, "hypeman-mock",
                                 (const char *[]){ "--listen", "127.0.0.1:0", "--log", "text",
                                                   "--clock", "virtual", "--seed", "1", NULL })
               ? 0
               : -1;
}

/* Its end is a part of some tests, but not of those that failed. */
static int free_mock(void **state)
{
    struct program *mock = *state;

    if (mock->output == NULL)
        assert_int_equal(program_stop(mock, SIGTERM), 0);
    program_free(mock);
    free(mock);
    return 0;
}

static void connect_to(const struct program *mock, struct http_client *client)
{
    assert_true(http_client_open(client, mock->urls[0]));
}

static void ask(const struct program *mock, const char *method, const char *target,
                const char *json, int status, const char *part)
{
    struct http_client client;
    struct http_answer answer;

    connect_to(mock, &client);
    assert_true(http_client_request(&client, method, target, json));
    assert_true(http_client_read(&client, &answer));
    if (answer.status != status || strstr(answer.body, part) == NULL)
        fail_msg("%s %s: %d %s", method, target, answer.status, answer.body);
    http_answer_free(&answer);
    http_client_close(&client);
}

static void given_fault(const struct program *mock, const char *rule)
{
    ask(mock, "DELETE", "/_mock/faults", NULL, 204, "");
    ask(mock, "POST", "/_mock/faults", rule, 201, "\"applied\":0");
}

/* --- whole connections ----------------------------------------------------------------------- */

enum end { END_CLOSED, END_RESET, END_OPEN };

enum { MAX_BYTES = 64 * 1024 };

struct received {
    char bytes[MAX_BYTES];
    size_t len;
    enum end end;
};

static void read_to_end(const struct http_client *client, struct received *out)
{
    ssize_t n;

    out->len = 0;
    do {
        n = recv(client->fd, out->bytes + out->len, sizeof out->bytes - 1 - out->len, 0);
        if (n > 0)
            out->len += (size_t)n;
    } while (n > 0 && out->len < sizeof out->bytes - 1);
    out->bytes[out->len] = '\0';
    out->end = n == 0 ? END_CLOSED : errno == ECONNRESET ? END_RESET : END_OPEN;
}

static void exchange(const struct program *mock, const char *method, const char *target,
                     const char *json, struct received *out)
{
    struct http_client client;

    connect_to(mock, &client);
    assert_true(http_client_request(&client, method, target, json));
    read_to_end(&client, out);
    http_client_close(&client);
}

/* Takes out the lines that differ from run to run. */
static void forget_line(struct received *received, const char *name)
{
    char *line = strstr(received->bytes, name);

    if (line == NULL)
        return;
    char *end = strstr(line, "\r\n") + 2;
    const size_t rest = (size_t)(received->bytes + received->len - end);
    memmove(line, end, rest + 1);
    received->len -= (size_t)(end - line);
}

#define HEAD(length)                                                                               \
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Mock-Fault: fault-1\r\n" length        \
    "\r\n\r\n"

static const struct {
    const char *rule;
    const char *answer; /* to a request of /health, without its Date and X-Mock-Request-Id */
    enum end end;
} faults[] = {
    { "{\"effect\":\"reset\"}", "", END_RESET },
    { "{\"effect\":\"empty\"}", "", END_CLOSED },
    { "{\"effect\":\"commit-then-lose\"}", "", END_RESET },
    { "{\"effect\":\"commit-then-lose\",\"by\":\"empty\"}", "", END_CLOSED },
    { "{\"effect\":\"lose-request\",\"by\":\"reset\"}", "", END_RESET },
    { "{\"effect\":\"lose-request\",\"by\":\"empty\"}", "", END_CLOSED },
    { "{\"effect\":\"lose-request\",\"by\":\"truncate\",\"after_bytes\":4}",
      HEAD("Content-Length: 16") "{\"st", END_CLOSED },
    { "{\"effect\":\"reset\",\"after_bytes\":0}", HEAD("Content-Length: 16"), END_RESET },
    { "{\"effect\":\"reset\",\"after_bytes\":5}", HEAD("Content-Length: 16") "{\"sta", END_RESET },
    { "{\"effect\":\"truncate\"}", HEAD("Content-Length: 16") "{\"status", END_CLOSED },
    { "{\"effect\":\"truncate\",\"after_bytes\":0}", HEAD("Content-Length: 16"), END_CLOSED },
    { "{\"effect\":\"truncate\",\"after_bytes\":15}",
      HEAD("Content-Length: 16") "{\"status\":\"ok\"}", END_CLOSED },
    { "{\"effect\":\"malformed-chunk\",\"after_bytes\":4}",
      HEAD("Transfer-Encoding: chunked") "4\r\n{\"st\r\nnot-a-length\r\n{\r\n", END_CLOSED },
    { "{\"effect\":\"malformed-chunk\",\"after_bytes\":0}",
      HEAD("Transfer-Encoding: chunked") "not-a-length\r\n{\r\n", END_CLOSED },
};

static void an_answer_is_lost_or_cut_to_the_byte(void **state)
{
    static struct received received;

    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        ask(*state, "POST", "/_mock/reset", NULL, 200, "");
        ask(*state, "POST", "/_mock/faults", faults[i].rule, 201, "fault-1");
        exchange(*state, "GET", "/health", NULL, &received);
        forget_line(&received, "Date: ");
        forget_line(&received, "X-Mock-Request-Id: ");
        if (strcmp(received.bytes, faults[i].answer) != 0 || received.end != faults[i].end)
            fail_msg("%s: end %d after\n%s", faults[i].rule, received.end, received.bytes);
    }
}

static const struct {
    const char *rule;
    const char *answer;
} replacements[] = {
    { "{\"effect\":\"invalid-json\"}", HEAD("Content-Length: 17") "{{\"status\":\"ok\"}\n" },
    { "{\"effect\":\"status\",\"status\":429,\"retry_after\":\"2s\"}",
      "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nRetry-After: 2\r\n"
      "X-Mock-Fault: fault-1\r\nContent-Length: 81\r\n\r\n"
      "{\"code\":\"Too Many Requests\",\"message\":\"a fault of the mock, which was asked for\"}" },
    { "{\"effect\":\"status\",\"status\":503,\"retry_after\":\"250ms\",\"body\":\"later\"}",
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n"
      "Retry-After: 1\r\nRetry-After-Ms: 250\r\nX-Mock-Fault: fault-1\r\nContent-Length: 5\r\n\r\n"
      "later" },
    { "{\"effect\":\"status\",\"status\":500,\"body\":{\"a\":[1]},\"headers\":{\"X-A\":\"b c\"}}",
      "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nX-A: b c\r\n"
      "X-Mock-Fault: fault-1\r\nContent-Length: 9\r\n\r\n{\"a\":[1]}" },
    { "{\"effect\":\"status\",\"status\":502,\"body\":\"<p>\","
      "\"headers\":{\"content-type\":\"text/html\"}}",
      "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nX-Mock-Fault: fault-1\r\n"
      "Content-Length: 3\r\n\r\n<p>" },
    { "{\"effect\":\"status\",\"status\":204}",
      "HTTP/1.1 204 No Content\r\nX-Mock-Fault: fault-1\r\n\r\n" },
    { "{\"effect\":\"status\",\"status\":304}",
      "HTTP/1.1 304 Not Modified\r\nX-Mock-Fault: fault-1\r\n"
      "Content-Length: 0\r\n\r\n" },
};

static void another_answer_leaves_the_connection_in_step(void **state)
{
    static struct received received;

    for (size_t i = 0; i < ARRAY_LEN(replacements); i++) {
        struct http_client client;
        ask(*state, "POST", "/_mock/reset", NULL, 200, "");
        ask(*state, "POST", "/_mock/faults", replacements[i].rule, 201, "fault-1");
        connect_to(*state, &client);
        assert_true(http_client_request(&client, "GET", "/health", NULL));
        assert_true(http_client_send_text(&client, "GET /_mock/clock HTTP/1.1\r\nHost: test\r\n"
                                                   "Connection: close\r\n\r\n"));
        read_to_end(&client, &received);
        assert_int_equal(received.end, END_CLOSED);
        forget_line(&received, "Date: ");
        forget_line(&received, "X-Mock-Request-Id: ");
        const size_t len = strlen(replacements[i].answer);
        if (strncmp(received.bytes, replacements[i].answer, len) != 0)
            fail_msg("%s:\n%s", replacements[i].rule, received.bytes);
        assert_memory_equal(received.bytes + len, "HTTP/1.1 200 OK\r\n", 17);
        http_client_close(&client);
    }
}

/* --- slow answers ---------------------------------------------------------------------------- */

static void expect_silence(const struct program *mock, const struct http_client *client)
{
    struct pollfd fd = { .fd = client->fd, .events = POLLIN };

    ask(mock, "GET", "/_mock/clock", NULL, 200, ""); /* the server has turned to us by now */
    assert_int_equal(client->len, 0);
    assert_int_equal(poll(&fd, 1, 0), 0);
}

static void expect_text(struct http_client *client, const char *end, const char *part)
{
    char *text = http_client_read_until(client, end);

    assert_non_null(text);
    if (strstr(text, part) == NULL)
        fail_msg("no %s in %s", part, text);
    free(text);
}

static void advance(const struct program *mock, const char *by)
{
    char body[64];

    snprintf(body, sizeof body, "{\"by\":\"%s\"}", by);
    ask(mock, "POST", "/_mock/clock/advance", body, 200, "\"now\"");
}

static void a_drip_comes_byte_by_byte_as_the_clock_is_moved(void **state)
{
    struct http_client client;

    given_fault(*state, "{\"effect\":\"drip\",\"bytes_per_second\":2}");
    connect_to(*state, &client);
    assert_true(http_client_request(&client, "GET", "/health", NULL));
    expect_text(&client, "\r\n\r\n", "Content-Length: 16\r\n");
    expect_text(&client, "{", "{");
    expect_silence(*state, &client);
    advance(*state, "499ms");
    expect_silence(*state, &client);
    advance(*state, "1ms");
    expect_text(&client, "\"", "\"");
    expect_silence(*state, &client);
    advance(*state, "2s");
    expect_text(&client, "stat", "stat");
    expect_silence(*state, &client);
    advance(*state, "1h");
    expect_text(&client, "\n", "us\":\"ok\"}");
    /* It was whole, so the connection goes on. */
    assert_true(http_client_request(&client, "GET", "/_mock/worlds/default", NULL));
    expect_text(&client, "}\n", "\"waiting\":0");
    http_client_close(&client);
}

static void a_delayed_answer_comes_when_the_clock_gets_there(void **state)
{
    struct http_client client;

    given_fault(*state, "{\"effect\":\"delay\",\"delay\":\"10m\"}");
    connect_to(*state, &client);
    assert_true(http_client_request(&client, "GET", "/health", NULL));
    advance(*state, "599s");
    expect_silence(*state, &client);
    advance(*state, "1s");
    expect_text(&client, "}\n", "X-Mock-Fault: fault-");
    http_client_close(&client);
}

static void a_hang_is_silent_until_the_client_leaves(void **state)
{
    struct http_client client;

    given_fault(*state, "{\"effect\":\"hang\"}");
    connect_to(*state, &client);
    assert_true(http_client_request(&client, "GET", "/health", NULL));
    advance(*state, "1000h");
    expect_silence(*state, &client);
    ask(*state, "GET", "/_mock/clock", NULL, 200, "\"waiting\":1");
    http_client_close(&client);
    for (int i = 0; i < 1000; i++) { /* its end is news of another socket */
        struct http_client other;
        struct http_answer answer;
        connect_to(*state, &other);
        assert_true(http_client_request(&other, "GET", "/_mock/clock", NULL));
        assert_true(http_client_read(&other, &answer));
        const bool gone = strstr(answer.body, "\"waiting\":0") != NULL;
        http_answer_free(&answer);
        http_client_close(&other);
        if (gone)
            return;
    }
    fail_msg("somebody still waits");
}

static void who_hangs_or_drips_does_not_hold_up_the_end_of_the_program(void **state)
{
    struct program *mock = *state;
    struct http_client hanging, dripping, delayed;
    static struct received received;

    given_fault(mock, "[{\"match\":{\"path\":\"/health\"},\"effect\":\"hang\"},"
                      "{\"match\":{\"path\":\"/instances\"},\"effect\":\"delay\",\"delay\":\"1h\"},"
                      "{\"effect\":\"drip\",\"bytes_per_second\":1}]");
    connect_to(mock, &hanging);
    connect_to(mock, &dripping);
    connect_to(mock, &delayed);
    assert_true(http_client_request(&hanging, "GET", "/health", NULL));
    assert_true(http_client_request(&delayed, "GET", "/instances", NULL));
    assert_true(http_client_request(&dripping, "GET", "/snapshots", NULL));
    expect_text(&dripping, "\r\n\r\n[", "Content-Length: ");
    expect_silence(mock, &hanging);
    assert_int_equal(program_stop(mock, SIGTERM), 0);
    read_to_end(&hanging, &received);
    assert_int_equal(received.len, 0);
    assert_int_equal(received.end, END_CLOSED);
    read_to_end(&delayed, &received);
    assert_non_null(strstr(received.bytes, "\r\n\r\n[]"));
    read_to_end(&dripping, &received);
    assert_int_equal(received.end, END_CLOSED);
    assert_non_null(strstr(mock->output, "GET /health 0 0 "));
    http_client_close(&hanging);
    http_client_close(&dripping);
    http_client_close(&delayed);
}

/* --- event streams --------------------------------------------------------------------------- */

static void given_running(const struct program *mock)
{
    ask(mock, "POST", "/_mock/reset", NULL, 200, "");
    ask(mock, "POST", "/instances", "{\"name\":\"vm\",\"image\":\"nginx\"}", 201,
        "\"name\":\"vm\"");
    advance(mock, "1s");
}

/* Where the n-th event begins, from 0. */
static size_t event_at(const char *events, int n)
{
    const char *at = events;

    for (; n > 0; n--) {
        at = strstr(at, "\n\n");
        assert_non_null(at);
        at += 2;
    }
    return (size_t)(at - events);
}

/* The events of the log as they should be; owned. */
static char *log_of(const struct program *mock)
{
    struct http_client client;
    struct http_answer answer;

    connect_to(mock, &client);
    assert_true(http_client_request(&client, "GET", "/instances/vm/logs", NULL));
    assert_true(http_client_read(&client, &answer));
    char *events = TAKE(answer.body);
    http_answer_free(&answer);
    http_client_close(&client);
    return events;
}

/* One chunk of these bytes. */
static void expect_chunk(const char *at, const char *bytes, size_t len, const char *after)
{
    char head[32];

    snprintf(head, sizeof head, "%zX\r\n", len);
    assert_memory_equal(at, head, strlen(head));
    at += strlen(head);
    assert_memory_equal(at, bytes, len);
    assert_string_equal(at + len, after);
}

static void an_event_stream_ends_within_an_event(void **state)
{
    static struct received received;

    given_running(*state);
    char *events = log_of(*state);
    const size_t second = event_at(events, 2), third = event_at(events, 3);
    given_fault(*state, "{\"effect\":\"cut-event\",\"after_events\":2}");
    exchange(*state, "GET", "/instances/vm/logs?follow=true", NULL, &received);
    assert_int_equal(received.end, END_CLOSED);
    expect_chunk(strstr(received.bytes, "\r\n\r\n") + 4, events, second + (third - second) / 2,
                 "\r\n"); /* no last chunk */
    free(events);
}

static void an_event_runs_into_the_next_and_is_no_utf8(void **state)
{
    static struct received received;
    struct http_client client;

    given_running(*state);
    char *events = log_of(*state);
    const size_t first = event_at(events, 1), second = event_at(events, 2);
    given_fault(*state, "{\"effect\":\"malformed-event\",\"after_events\":1}");
    connect_to(*state, &client);
    assert_true(http_client_request(&client, "GET", "/instances/vm/logs", NULL));
    assert_true(http_client_send_text(&client, "GET /_mock/clock HTTP/1.1\r\nHost: test\r\n"
                                               "Connection: close\r\n\r\n"));
    read_to_end(&client, &received);
    http_client_close(&client);
    events[first + (second - first) / 2] = (char)0xff;
    memmove(events + second - 1, events + second, strlen(events + second) + 1);
    char *next = strstr(received.bytes, "\r\nHTTP/1.1 200"); /* in step */
    assert_non_null(next);
    next[2] = '\0';
    expect_chunk(strstr(received.bytes, "\r\n\r\n") + 4, events, strlen(events), "\r\n0\r\n\r\n");
    free(events);
}

static void an_event_stream_goes_silent(void **state)
{
    struct http_client client;

    given_running(*state);
    char *events = log_of(*state);
    given_fault(*state, "{\"effect\":\"stall\",\"after_events\":3}");
    connect_to(*state, &client);
    assert_true(http_client_request(&client, "GET", "/instances/vm/logs?follow=true", NULL));
    expect_text(&client, "\r\n\r\n", "text/event-stream");
    char *chunk = http_client_read_until(&client, "\n\n\r\n");
    expect_chunk(chunk, events, event_at(events, 3), "\r\n");
    free(chunk);
    free(events);
    ask(*state, "POST", "/instances/vm/stop", NULL, 200, "Stopped");
    advance(*state, "1h");
    expect_silence(*state, &client);
    http_client_close(&client);
}

static void a_stream_drips_and_breaks_as_answers_do(void **state)
{
    static struct received received;

    given_running(*state);
    given_fault(*state, "{\"effect\":\"reset\",\"after_bytes\":7}");
    exchange(*state, "GET", "/instances/vm/logs?follow=true", NULL, &received);
    assert_int_equal(received.end, END_RESET);
    assert_string_equal(strstr(received.bytes, "\r\n\r\n"), "\r\n\r\n7\r\ndata: \"\r\n");
    given_fault(*state, "{\"effect\":\"malformed-chunk\",\"after_bytes\":7}");
    exchange(*state, "GET", "/instances/vm/logs", NULL, &received);
    assert_int_equal(received.end, END_CLOSED);
    assert_string_equal(strstr(received.bytes, "\r\n\r\n"),
                        "\r\n\r\n7\r\ndata: \"\r\nnot-a-length\r\n{\r\n");
}

/* --- the journal ------------------------------------------------------------------------------ */

static void the_journal_knows_what_was_lost(void **state)
{
    static const struct {
        const char *effect, *entry;
    } cases[] = {
        { "\"commit-then-lose\"", "\"outcome\":\"lost\",\"fault\":\"fault-1\",\"applied\":true}" },
        { "\"lose-request\"", "\"outcome\":\"lost\",\"fault\":\"fault-1\",\"applied\":false}" },
        { "\"truncate\"", "\"outcome\":\"lost\",\"fault\":\"fault-1\",\"applied\":true}" },
        { "\"invalid-json\"", "\"outcome\":\"answered\",\"fault\":\"fault-1\",\"applied\":true}" },
    };
    static struct received received;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char rule[64];
        ask(*state, "POST", "/_mock/reset", NULL, 200, "");
        snprintf(rule, sizeof rule, "{\"effect\":%s,\"times\":1}", cases[i].effect);
        ask(*state, "POST", "/_mock/faults", rule, 201, "fault-1");
        struct http_client client;
        connect_to(*state, &client);
        assert_true(http_client_send_text(&client, "GET /instances HTTP/1.1\r\nHost: test\r\n"
                                                   "Connection: close\r\n"
                                                   "Authorization: Bearer test\r\n\r\n"));
        read_to_end(&client, &received);
        http_client_close(&client);
        ask(*state, "GET", "/_mock/journal?operation=listInstances", NULL, 200, cases[i].entry);
    }
}

/* --- worlds ---------------------------------------------------------------------------------- */

static void faults_of_one_world_touch_no_other(void **state)
{
    static struct received received;

    ask(*state, "POST", "/_mock/reset", NULL, 200, "");
    ask(*state, "POST", "/_mock/worlds", "{\"name\":\"a\"}", 201, "");
    ask(*state, "POST", "/_w/a/_mock/faults", "{\"effect\":\"reset\"}", 201, "");
    ask(*state, "GET", "/health", NULL, 200, "ok");
    exchange(*state, "GET", "/_w/a/health", NULL, &received);
    assert_int_equal(received.end, END_RESET);
    ask(*state, "GET", "/_w/a/_mock/faults/fault-1", NULL, 200, "\"applied\":1");
    ask(*state, "GET", "/_mock/faults", NULL, 200, "[]");
    ask(*state, "DELETE", "/_mock/worlds/a", NULL, 204, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_lost_or_cut_to_the_byte),
        cmocka_unit_test(another_answer_leaves_the_connection_in_step),
        cmocka_unit_test(a_drip_comes_byte_by_byte_as_the_clock_is_moved),
        cmocka_unit_test(a_delayed_answer_comes_when_the_clock_gets_there),
        cmocka_unit_test(a_hang_is_silent_until_the_client_leaves),
        cmocka_unit_test(an_event_stream_ends_within_an_event),
        cmocka_unit_test(an_event_runs_into_the_next_and_is_no_utf8),
        cmocka_unit_test(an_event_stream_goes_silent),
        cmocka_unit_test(a_stream_drips_and_breaks_as_answers_do),
        cmocka_unit_test(the_journal_knows_what_was_lost),
        cmocka_unit_test(faults_of_one_world_touch_no_other),
        cmocka_unit_test(who_hangs_or_drips_does_not_hold_up_the_end_of_the_program),
    };
    return cmocka_run_group_tests(tests, start_mock, free_mock);
}
