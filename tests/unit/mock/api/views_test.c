/* What is seen inside an instance: logs, stat and stats (instances.md 12 to 14), and the form of
 * event streams (common.md 11). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mock/api/sse.h"
#include "tests/unit/mock/api/api_fixture.h"

#define WEB_1                  "{\"name\":\"web-1\",\"image\":\"nginx\"}"
#define WITH(members)          "{\"name\":\"web-1\",\"image\":\"nginx\"," members "}"
#define LOGS                   "/instances/web-1/logs"
#define STAT                   "/instances/web-1/stat"
#define STATS                  "/instances/web-1/stats"
#define IN_QUERY(name, reason) "parameter \"" name "\" in query has an error: " reason

/* --- helpers ----------------------------------------------------------------------------- */

static void update(struct api_fixture *f)
{
    send_request(f, HTTP_PATCH, "/instances/web-1", "{\"ttl\":\"1h\"}");
    expect_status(f, 200);
}

/* Events in the last answer; each has exactly the form of one. */
static size_t events(const struct api_fixture *f)
{
    size_t count = 0;
    for (const char *at = f->answer; *at != '\0'; count++) {
        const char *end = strstr(at, "\n\n");
        assert_non_null(end);
        assert_int_equal(strncmp(at, "data: \"", 7), 0);
        assert_int_equal(end[-1], '"');
        assert_null(memchr(at, '\n', (size_t)(end - at)));
        at = end + 2;
    }
    return count;
}

static void expect_header(const struct response *res, size_t index, const char *name,
                          const char *value)
{
    assert_true(text_equal_cstr(res->headers[index].name, name));
    assert_true(text_equal_cstr(res->headers[index].value, value));
}

static void expect_stream(struct api_fixture *f)
{
    expect_status(f, 200);
    assert_string_equal(f->res.content_type, "text/event-stream");
    assert_int_equal(f->res.header_count, 3);
    expect_header(&f->res, 0, "Cache-Control", "no-cache");
    expect_header(&f->res, 1, "Connection", "keep-alive");
    expect_header(&f->res, 2, "X-Accel-Buffering", "no");
}

static void expect_events(struct api_fixture *f, const char *target, size_t count)
{
    get(f, target);
    expect_stream(f);
    assert_int_equal(events(f), count);
}

static void expect_no_log(struct api_fixture *f, const char *target)
{
    get(f, target);
    expect_error(f, 404, "log_not_found", "requested log file does not exist yet");
}

/* --- the form of the stream -------------------------------------------------------------- */

static void a_log_is_a_stream_of_lines_as_events(void **state)
{
    struct api_fixture *f = *state;

    /* INST-LOG-001, INST-LOG-002, SSE-001, SSE-002, SSE-003 */
    given_instance(f, WEB_1);
    get(f, LOGS "?source=hypeman");
    expect_stream(f);
    assert_string_equal(f->answer,
                        "data: \"2026-01-01T00:00:00Z INFO instance created successfully "
                        "name=web-1 state=Initializing\"\n\n");
    assert_int_equal(f->pieces, 2); /* chunked, as nothing says how long it is (INST-LOG-021) */
    expect_events(f, LOGS, 8);
}

static void a_line_is_written_as_a_json_string(void **state) /* INST-LOG-003 */
{
    static const struct {
        struct text line;
        const char *event;
    } cases[] = {
        { TEXT("plain"), "data: \"plain\"\n\n" },
        { TEXT(""), "data: \"\"\n\n" },
        { TEXT("<a> & \"b\" \\"), "data: \"\\u003ca\\u003e \\u0026 \\\"b\\\" \\\\\"\n\n" },
        { TEXT("\t\n\r"), "data: \"\\t\\n\\r\"\n\n" },
        { TEXT("\x01\x1b[1m"), "data: \"\\u0001\\u001b[1m\"\n\n" },
        { TEXT("\xC3\xA9 \xFF"), "data: \"\xC3\xA9 \\ufffd\"\n\n" },
    };
    struct api_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        SCOPED(buffer) struct buffer out = buffer_capped(100);
        sse_append_string(&out, cases[i].line);
        assert_true(text_equal_cstr(buffer_text(&out), cases[i].event));
    }
    given_instance(f, WITH("\"cmd\":[\"sh\",\"-c\",\"echo <a> & \\u00e9\"]"));
    get(f, LOGS);
    expect_contains(f, "starting \\\"sh\\\" \\\"-c\\\" \\\"echo \\u003ca\\u003e \\u0026 "
                       "\xC3\xA9\\\"\"\n\n");
}

static void a_log_without_lines_is_an_empty_answer(void **state) /* INST-LOG-021, SSE-006 */
{
    struct api_fixture *f = *state;

    given_instance(f, WEB_1);
    get(f, LOGS "?tail=0");
    expect_stream(f);
    assert_string_equal(f->answer, "");
    assert_int_equal(f->pieces, 1); /* so its length is known: 0 */
}

static void an_error_before_the_stream_is_an_ordinary_answer(void **state) /* SSE-004 */
{
    struct api_fixture *f = *state;

    given_instance(f, WEB_1);
    get(f, LOGS "?source=none");
    expect_status(f, 400);
    get(f, "/instances/web-2/logs");
    expect_json(f, 404, "{\"code\":\"not_found\",\"message\":\"resource not found\"}");
    assert_int_equal(f->res.header_count, 0);
    f->token = NULL;
    get(f, LOGS);
    expect_status(f, 401);
    assert_string_equal(f->res.content_type, "application/json");
    given_auth(f, AUTH_JWT);
    given_claims(f, "{\"permissions\":[\"instance:write\"]}");
    get(f, LOGS);
    expect_json(f, 403,
                "{\"code\":\"Forbidden\",\"message\":\"missing required scope: instance:read\"}");
}

static void reconnecting_replays_from_the_start(void **state) /* SSE-005 */
{
    struct api_fixture *f = *state;
    const struct http_header headers[] = { { TEXT("Host"), TEXT("x") },
                                           { TEXT("Authorization"), TEXT("Bearer x") },
                                           { TEXT("Last-Event-ID"), TEXT("7") } };
    const struct http_request again = { .method = HTTP_GET,
                                        .path = TEXT(LOGS),
                                        .headers = headers,
                                        .header_count = ARRAY_LEN(headers) };

    given_instance(f, WEB_1);
    get(f, LOGS);
    response_reset(&f->res);
    api_handle(f->api, &again, &f->res);
    assert_true(text_equal_cstr(buffer_text(&f->res.body), f->answer));
}

/* --- what may be asked ------------------------------------------------------------------- */

static void the_tail_is_the_last_lines_oldest_first(void **state)
{
    static const struct {
        const char *query;
        size_t lines;
    } cases[] = {
        { "", 100 },                             /* INST-LOG-004 */
        { "&tail=1", 1 },      { "&tail=7", 7 }, /* INST-LOG-005 */
        { "&tail=%2B7", 7 },   { "&tail=0", 0 }, /* INST-LOG-006 */
        { "&tail=-7", 7 },                       /* INST-LOG-007 */
        { "&tail=1000", 121 }, { "&tail=-9223372036854775808", 121 },
    };
    struct api_fixture *f = *state;

    given_instance(f, WEB_1);
    for (size_t i = 0; i < 119; i++)
        update(f);
    f->fake.now_ns += NS_PER_SEC;
    update(f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char target[100];
        snprintf(target, sizeof target, LOGS "?source=hypeman%s", cases[i].query);
        expect_events(f, target, cases[i].lines);
        if (cases[i].lines == 0)
            continue;
        const char *last = "data: \"2026-01-01T00:00:02Z INFO instance updated";
        assert_non_null(strstr(f->answer, last));
        assert_null(strstr(strstr(f->answer, last), "2026-01-01T00:00:01Z"));
    }
    get(f, LOGS "?source=hypeman&tail=1000");
    expect_contains(f, "INFO instance created");
}

static void a_tail_is_an_integer(void **state) /* INST-LOG-008 */
{
    struct api_fixture *f = *state;

    get(f, LOGS "?tail=ten");
    expect_bad_request(f, IN_QUERY("tail", "value ten: an invalid integer: invalid syntax"));
    get(f, LOGS "?tail=1.5");
    expect_bad_request(f, IN_QUERY("tail", "value 1.5: an invalid integer: invalid syntax"));
    get(f, LOGS "?tail=+7");
    expect_bad_request(f, IN_QUERY("tail", "value  7: an invalid integer: invalid syntax"));
    get(f, LOGS "?tail=9223372036854775808");
    expect_bad_request(f, IN_QUERY("tail", "value 9223372036854775808: an invalid integer: "
                                           "value out of range"));
}

static void follow_is_a_go_boolean(void **state) /* INST-LOG-009, INST-LOG-011 */
{
    static const char *const yes[] = { "true", "1", "TRUE", "t", "T", "True" };
    static const char *const no[] = { "false", "0", "FALSE", "f", "F", "False" };
    struct api_fixture *f = *state;
    char target[100];

    given_instance(f, WEB_1);
    for (size_t i = 0; i < ARRAY_LEN(no); i++) {
        snprintf(target, sizeof target, LOGS "?follow=%s", no[i]);
        expect_events(f, target, 8); /* and then it ends */
    }
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        struct api_client client;
        snprintf(target, sizeof target, LOGS "?follow=%s", yes[i]);
        client_get(f, &client, target);
        assert_true(client.answered);
        assert_false(client.ended);
        client_leave(&client);
    }
    get(f, LOGS "?follow=no");
    expect_bad_request(f, IN_QUERY("follow", "value no: an invalid boolean: invalid syntax"));
}

static void there_are_three_sources(void **state) /* INST-LOG-010 */
{
    struct api_fixture *f = *state;

    given_instance(f, WEB_1);
    expect_events(f, LOGS, 8);
    expect_events(f, LOGS "?source=app", 8);
    expect_events(f, LOGS "?source=vmm", 1);
    expect_contains(f, "[firecracker] guest booted");
    expect_events(f, LOGS "?source=hypeman", 1);
    get(f, LOGS "?source=App");
    expect_bad_request(f, IN_QUERY("source", "value is not one of the allowed values "
                                             "[\"app\",\"vmm\",\"hypeman\"]"));
}

static void a_query_is_judged_in_the_descriptions_order(void **state)
{
    struct api_fixture *f = *state;

    get(f, LOGS "?source=x&follow=x&tail=x"); /* before the instance is looked for */
    expect_bad_request(f, IN_QUERY("tail", "value x: an invalid integer: invalid syntax"));
    get(f, LOGS "?source=x&follow=x");
    expect_bad_request(f, IN_QUERY("follow", "value x: an invalid boolean: invalid syntax"));
}

static void empty_or_repeated_values_do_not_bind(void **state) /* INST-X-050, INST-X-051 */
{
    static const struct {
        const char *target;
        const char *name;
    } cases[] = {
        { LOGS "?tail=1&tail=2", "tail" },
        { LOGS "?tail=", "tail" },
        { LOGS "?follow=", "follow" },
        { LOGS "?follow=0&follow=0", "follow" },
        { LOGS "?source=", "source" },
        { LOGS "?source=app&source=app", "source" },
        { STAT "?path=/&path=/etc", "path" },
        { STAT "?path=/&follow_links=", "follow_links" },
        { STAT "?path=/&follow_links=1&follow_links=1", "follow_links" },
    };
    struct api_fixture *f = *state;

    given_instance(f, WEB_1);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char message[200];
        snprintf(message, sizeof message,
                 "Invalid format for parameter %s: multiple values for single value parameter '%s'",
                 cases[i].name, cases[i].name);
        get(f, cases[i].target);
        expect_bad_request(f, message);
    }
}

/* --- what a log shows -------------------------------------------------------------------- */

static void markers_are_cut_after_the_tail_is_taken(void **state) /* INST-LOG-014 */
{
    static const char *const hidden[] = { "HYPEMAN-PROGRAM-START", "HYPEMAN-AGENT-READY",
                                          "HYPEMAN-HEADERS-START", "HYPEMAN-HEADERS-READY",
                                          "HYPEMAN-HEADERS-FAILED" };
    struct api_fixture *f = *state;

    given_instance(f, WEB_1);
    expect_events(f, LOGS, 8);
    for (size_t i = 0; i < ARRAY_LEN(hidden); i++)
        expect_lacks(f, hidden[i]);
    expect_events(f, LOGS "?tail=1", 0); /* the last line is a marker */
    expect_events(f, LOGS "?tail=2", 1);
    post(f, "/instances/web-1/stop", NULL);
    expect_events(f, LOGS "?tail=2", 2);
    expect_contains(f, "[ERROR] [hypeman-init:entrypoint] app exited with code 143 (killed by "
                       "signal 15 (terminated))\"");
    expect_contains(f, "HYPEMAN-EXIT code=143 message=\\\"killed by signal 15 (terminated)\\\"\"");
}

static void other_sources_leave_nothing_out(void **state) /* INST-LOG-015 */
{
    struct api_fixture *f = *state;

    given_instance(f, WEB_1);
    post(f, "/instances/web-1/stop", NULL);
    post(f, "/instances/web-1/start", "{}");
    expect_events(f, LOGS "?source=vmm", 2);
    expect_events(f, LOGS "?source=hypeman", 3);
}

static void a_fork_has_no_log_until_it_runs(void **state) /* INST-LOG-016, INST-LOG-019 */
{
    struct api_fixture *f = *state;

    given_instance(f, WEB_1);
    post(f, "/instances/web-1/standby", NULL);
    post(f, "/instances/web-1/fork", "{\"name\":\"web-2\",\"target_state\":\"Stopped\"}");
    expect_status(f, 201);
    expect_no_log(f, "/instances/web-2/logs");
    expect_no_log(f, "/instances/web-2/logs?source=vmm&tail=0");
    expect_events(f, "/instances/web-2/logs?source=hypeman", 1);
    post(f, "/instances/web-2/start", "{}");
    f->fake.now_ns += NS_PER_SEC;
    expect_events(f, "/instances/web-2/logs", 8);

    post(f, "/instances/web-1/fork", "{\"name\":\"web-3\",\"target_state\":\"Running\"}");
    expect_status(f, 201);
    expect_events(f, "/instances/web-3/logs", 0); /* its boot was the source's */
}

static void logs_stay_readable_in_every_state(void **state) /* INST-LOG-017 */
{
    static const struct {
        const char *action;
        size_t lines;
    } steps[] = {
        { "standby", 8 },
        { "restore", 8 },
        { "stop", 10 },
    };
    struct api_fixture *f = *state;
    char target[100];

    post(f, "/instances", WEB_1);
    expect_events(f, LOGS, 1); /* Initializing */
    f->fake.now_ns += NS_PER_SEC;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        snprintf(target, sizeof target, "/instances/web-1/%s", steps[i].action);
        post(f, target, NULL);
        expect_status(f, 200);
        expect_events(f, LOGS, steps[i].lines);
    }
}

static void a_boot_begins_an_empty_log(void **state) /* INST-LOG-018 */
{
    struct api_fixture *f = *state;

    given_instance(f, WEB_1);
    post(f, "/instances/web-1/stop", NULL);
    post(f, "/instances/web-1/start", "{}");
    expect_events(f, LOGS, 1);
    expect_lacks(f, "exited");
    f->fake.now_ns += NS_PER_SEC;
    expect_events(f, LOGS, 8);
}

static void the_servers_log_has_its_form(void **state) /* INST-LOG-020 */
{
    struct api_fixture *f = *state;
    char expected[500];

    given_instance(f, WEB_1);
    given_snapshot(f, "web-1", "");
    f->fake.now_ns += NS_PER_SEC / 2;
    post(f, "/instances/web-1/stop", NULL);
    get(f, LOGS "?source=hypeman&tail=2");
    snprintf(expected, sizeof expected,
             "data: \"2026-01-01T00:00:01Z INFO snapshot created successfully name=web-1 "
             "snapshot_id=%s state=Running\"\n\n"
             "data: \"2026-01-01T00:00:01Z INFO instance stopped successfully name=web-1 "
             "state=Stopped exit_code=143\"\n\n",
             f->id);
    assert_string_equal(f->answer, expected);
}

/* --- follow ------------------------------------------------------------------------------ */

/* What the client has received since the last time. */
static void expect_new(struct api_client *client, const char *text)
{
    if (!text_equal_cstr(buffer_text(&client->received), text))
        fail_msg("received " TEXT_FMT, TEXT_ARGS(buffer_text(&client->received)));
    buffer_clear(&client->received);
}

static void a_follower_gets_each_line_when_it_is_written(void **state) /* INST-LOG-012 */
{
    enum { STEPS = 11 }; /* of the boot of an instance without volumes: 12 lines */
    static const char *const lines[] = {
        "boot] init started on linux/amd64",
        "mount] mounted proc, sysfs and devtmpfs",
        "overlay] mounted the writable overlay on the image",
        "config] read the configuration disk",
        "network] brought up eth0 with 10.100.0.2",
        "agent] started the guest agent",
        "mode] running in exec mode",
    };
    struct api_fixture *f = *state;
    struct world_settings settings = world_settings_default();
    struct api_client client;
    char line[200];

    settings.boot_delay_ns = STEPS * NS_PER_SEC;
    api_restart(f, &settings);
    post(f, "/instances", WEB_1);
    client_get(f, &client, LOGS "?follow=true");
    assert_true(client.answered);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        snprintf(line, sizeof line, "data: \"2026-01-01T00:00:%02zuZ [INFO] [hypeman-init:%s\"\n\n",
                 i, lines[i]);
        expect_new(&client, line);
        pass(f, NS_PER_SEC - 1);
        expect_new(&client, "");
        pass(f, 1);
    }
    pass(f, 2 * NS_PER_SEC); /* the markers are not for him (INST-LOG-014) */
    expect_new(&client, "");
    pass(f, NS_PER_SEC);
    expect_new(&client, "data: \"2026-01-01T00:00:10Z [INFO] [hypeman-init:entrypoint] starting "
                        "what the image says\"\n\n");
    pass(f, 3600 * NS_PER_SEC); /* and no 60 s limit */
    expect_new(&client, "");
    assert_false(client.ended);
    client_leave(&client);
}

static void a_follower_stays_over_stop_start_and_delete(void **state) /* INST-LOG-012 */
{
    struct api_fixture *f = *state;
    struct api_client app, vmm, server;

    given_instance(f, WEB_1);
    client_get(f, &app, LOGS "?follow=1&tail=0");
    client_get(f, &vmm, LOGS "?follow=t&tail=0&source=vmm");
    client_get(f, &server, LOGS "?follow=TRUE&tail=0&source=hypeman");
    post(f, "/instances/web-1/stop", NULL);
    pass(f, 0);
    expect_new(&app, "data: \"2026-01-01T00:00:01Z [ERROR] [hypeman-init:entrypoint] app exited "
                     "with code 143 (killed by signal 15 (terminated))\"\n\n"
                     "data: \"2026-01-01T00:00:01Z [INFO] [hypeman-init:entrypoint] HYPEMAN-EXIT "
                     "code=143 message=\\\"killed by signal 15 (terminated)\\\"\"\n\n");
    expect_new(&vmm, "");
    expect_new(&server, "data: \"2026-01-01T00:00:01Z INFO instance stopped successfully "
                        "name=web-1 state=Stopped exit_code=143\"\n\n");

    post(f, "/instances/web-1/start", "{}");
    pass(f, 0);
    expect_new(&app, "data: \"2026-01-01T00:00:01Z [INFO] [hypeman-init:boot] init started on "
                     "linux/amd64\"\n\n");
    expect_new(&vmm, "data: \"2026-01-01T00:00:01Z [INFO] [firecracker] guest booted: vcpus=2 "
                     "memory_bytes=1073741824\"\n\n");
    pass(f, NS_PER_SEC);
    assert_true(app.received.len > 0);
    buffer_clear(&app.received);

    send_request(f, HTTP_DELETE, "/instances/web-1", NULL);
    pass(f, 3600 * NS_PER_SEC);
    expect_new(&app, "");
    assert_false(app.ended);
    assert_int_equal(api_pause_ns(f->api), INT64_MAX); /* nobody is woken for nothing */
    client_leave(&app);
    client_leave(&vmm);
    client_leave(&server);
}

static void nothing_is_sent_before_the_first_line(void **state) /* INST-LOG-013 */
{
    struct api_fixture *f = *state;
    struct api_client client;

    given_instance(f, WEB_1);
    client_get(f, &client, LOGS "?follow=true&tail=0");
    pass(f, NS_PER_SEC);
    assert_false(client.answered);
    post(f, "/instances/web-1/stop", NULL);
    pass(f, 0);
    assert_true(client.answered);
    assert_int_equal(client.res.status, 200);
    client_leave(&client);

    /* Hidden lines are none. */
    post(f, "/instances/web-1/start", "{}");
    f->fake.now_ns += NS_PER_SEC;
    client_get(f, &client, LOGS "?follow=true&tail=1");
    assert_false(client.answered);
    client_leave(&client);
}

static void a_follower_of_a_log_that_goes_away_waits_for_the_next(void **state) /* SNAP-R-035 */
{
    struct api_fixture *f = *state;
    struct api_client client;
    char target[100];

    given_instance(f, WEB_1);
    given_snapshot(f, "web-1", "");
    post(f, "/instances/web-1/stop", NULL);
    client_get(f, &client, LOGS "?follow=true");
    buffer_clear(&client.received);
    snprintf(target, sizeof target, "/instances/web-1/snapshots/%s/restore", f->id);
    post(f, target, "{\"target_state\":\"Stopped\"}");
    expect_status(f, 200);
    pass(f, 0);
    expect_new(&client, "");
    expect_no_log(f, LOGS);
    post(f, "/instances/web-1/start", "{}");
    pass(f, 0);
    expect_new(&client, "data: \"2026-01-01T00:00:01Z [INFO] [hypeman-init:boot] init started on "
                        "linux/amd64\"\n\n");
    client_leave(&client);
}

static void the_end_of_the_server_is_the_end_of_the_stream(void **state)
{
    struct api_fixture *f = *state;
    struct api_client clients[2];

    given_instance(f, WEB_1);
    client_get(f, &clients[0], LOGS "?follow=true");
    client_get(f, &clients[1], LOGS "?follow=true&tail=0");
    api_finish(f->api);
    pass(f, 0);
    for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
        assert_true(clients[i].ended);
        assert_int_equal(clients[i].res.status, 200);
        client_leave(&clients[i]);
    }
}

/* --- stat -------------------------------------------------------------------------------- */

static void a_stat_needs_a_path(void **state)
{
    struct api_fixture *f = *state;

    /* INST-STAT-001 */
    get(f, STAT);
    expect_bad_request(f, IN_QUERY("path", "value is required but missing"));
    get(f, STAT "?path=");
    expect_bad_request(f, IN_QUERY("path", "empty value is not allowed"));
    /* INST-STAT-002 */
    get(f, STAT "?path=/&follow_links=si");
    expect_bad_request(f, IN_QUERY("follow_links", "value si: an invalid boolean: invalid syntax"));
}

static void only_a_running_guest_has_files(void **state) /* INST-STAT-003 */
{
    struct api_fixture *f = *state;

    post(f, "/instances", WEB_1);
    get(f, STAT "?path=/");
    expect_error(f, 409, "invalid_state", "instance must be running (current state: Initializing)");
    f->fake.now_ns += NS_PER_SEC;
    get(f, STAT "?path=/");
    expect_status(f, 200);
    post(f, "/instances/web-1/standby", NULL);
    get(f, STAT "?path=/");
    expect_error(f, 409, "invalid_state", "instance must be running (current state: Standby)");
}

static void a_path_is_described(void **state)
{
    static const struct {
        const char *query;
        const char *body;
    } cases[] = {
        /* INST-STAT-004 */
        { "/etc/hostname",
          "{\"error\":null,\"exists\":true,\"is_dir\":false,\"is_file\":true,\"is_symlink\":false,"
          "\"link_target\":\"\",\"mode\":420,\"size\":6}\n" },
        { "/etc",
          "{\"error\":null,\"exists\":true,\"is_dir\":true,\"is_file\":false,\"is_symlink\":false,"
          "\"link_target\":\"\",\"mode\":493,\"size\":4096}\n" },
        { "/data",
          "{\"error\":null,\"exists\":true,\"is_dir\":true,\"is_file\":false,\"is_symlink\":false,"
          "\"link_target\":\"\",\"mode\":493,\"size\":4096}\n" },
        /* INST-STAT-005, INST-STAT-006 */
        { "/nowhere",
          "{\"error\":null,\"exists\":false,\"is_dir\":false,\"is_file\":false,\"is_symlink\":"
          "false,\"link_target\":\"\",\"mode\":0,\"size\":0}\n" },
        /* INST-STAT-007 */
        { "/root/unreadable",
          "{\"error\":\"lstat /root/unreadable: permission denied\",\"exists\":false,\"is_dir\":"
          "false,\"is_file\":false,\"is_symlink\":false,\"link_target\":\"\",\"mode\":0,"
          "\"size\":0}\n" },
        { "/root/unreadable&follow_links=true",
          "{\"error\":\"stat /root/unreadable: permission denied\",\"exists\":false,\"is_dir\":"
          "false,\"is_file\":false,\"is_symlink\":false,\"link_target\":\"\",\"mode\":0,"
          "\"size\":0}\n" },
        { "/a%00%3C",
          "{\"error\":\"lstat /a\\u0000\\u003c: invalid argument\",\"exists\":false,\"is_dir\":"
          "false,\"is_file\":false,\"is_symlink\":false,\"link_target\":\"\",\"mode\":0,"
          "\"size\":0}\n" },
        /* INST-STAT-008 */
        { "/var/run",
          "{\"error\":null,\"exists\":true,\"is_dir\":false,\"is_file\":false,\"is_symlink\":true,"
          "\"link_target\":\"../run\",\"mode\":511,\"size\":6}\n" },
        { "/var/run&follow_links=1",
          "{\"error\":null,\"exists\":true,\"is_dir\":true,\"is_file\":false,\"is_symlink\":false,"
          "\"link_target\":\"\",\"mode\":493,\"size\":4096}\n" },
    };
    struct api_fixture *f = *state;

    given_instance(f, WITH("\"volumes\":[{\"volume_id\":\"v\",\"mount_path\":\"/data\"}]"));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char target[200];
        snprintf(target, sizeof target, STAT "?path=%s", cases[i].query);
        get(f, target);
        expect_json(f, 200, cases[i].body);
    }
}

static void the_longest_path_is_answered(void **state)
{
    struct api_fixture *f = *state;
    char target[9000] = STAT "?path=/";

    given_instance(f, WEB_1);
    memset(target + strlen(target), 'x', 8000);
    get(f, target);
    expect_status(f, 200);
    expect_contains(f, "xxx: file name too long\",\"exists\":false,");
}

static void a_guest_without_agent_is_not_to_be_asked(void **state) /* INST-STAT-009 */
{
    struct api_fixture *f = *state;

    given_instance(f, WITH("\"skip_guest_agent\":true"));
    get(f, STAT "?path=/");
    expect_error(f, 500, "internal_error", "failed to connect to guest agent");
}

/* --- stats ------------------------------------------------------------------------------- */

static void stats_have_ten_keys(void **state)
{
    struct api_fixture *f = *state;
    char expected[600];

    /* INST-STATS-001, INST-STATS-003, INST-STATS-004, INST-STATS-006 */
    given_instance(f, WITH("\"vcpus\":3,\"size\":\"1GB\",\"hotplug_size\":\"1GB\""));
    f->fake.now_ns += 9 * NS_PER_SEC;
    get(f, STATS);
    snprintf(expected, sizeof expected,
             "{\"allocated_memory_bytes\":2147483648,\"allocated_vcpus\":3,\"cpu_seconds\":1.5,"
             "\"instance_id\":\"%s\",\"instance_name\":\"web-1\",\"memory_rss_bytes\":214745088,"
             "\"memory_utilization_ratio\":0.09999847412109375,\"memory_vms_bytes\":2415919104,"
             "\"network_rx_bytes\":20000,\"network_tx_bytes\":10000}\n",
             f->id);
    expect_json(f, 200, expected);

    /* INST-STATS-002 */
    post(f, "/instances/web-1/stop", NULL);
    get(f, STATS);
    snprintf(expected, sizeof expected,
             "{\"allocated_memory_bytes\":2147483648,\"allocated_vcpus\":3,\"cpu_seconds\":0,"
             "\"instance_id\":\"%s\",\"instance_name\":\"web-1\",\"memory_rss_bytes\":0,"
             "\"memory_utilization_ratio\":0,\"memory_vms_bytes\":0,"
             "\"network_rx_bytes\":0,\"network_tx_bytes\":0}\n",
             f->id);
    expect_json(f, 200, expected);
}

static void stats_without_network_count_nothing(void **state) /* INST-STATS-005 */
{
    struct api_fixture *f = *state;

    given_instance(f, WITH("\"network\":{\"enabled\":false}"));
    get(f, STATS);
    expect_contains(f, "\"network_rx_bytes\":0,\"network_tx_bytes\":0}");
    expect_contains(f, "\"cpu_seconds\":0.1,");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_log_is_a_stream_of_lines_as_events),
        TEST(a_line_is_written_as_a_json_string),
        TEST(a_log_without_lines_is_an_empty_answer),
        TEST(an_error_before_the_stream_is_an_ordinary_answer),
        TEST(reconnecting_replays_from_the_start),
        TEST(the_tail_is_the_last_lines_oldest_first),
        TEST(a_tail_is_an_integer),
        TEST(follow_is_a_go_boolean),
        TEST(there_are_three_sources),
        TEST(a_query_is_judged_in_the_descriptions_order),
        TEST(empty_or_repeated_values_do_not_bind),
        TEST(markers_are_cut_after_the_tail_is_taken),
        TEST(other_sources_leave_nothing_out),
        TEST(a_fork_has_no_log_until_it_runs),
        TEST(logs_stay_readable_in_every_state),
        TEST(a_boot_begins_an_empty_log),
        TEST(the_servers_log_has_its_form),
        TEST(a_follower_gets_each_line_when_it_is_written),
        TEST(a_follower_stays_over_stop_start_and_delete),
        TEST(nothing_is_sent_before_the_first_line),
        TEST(a_follower_of_a_log_that_goes_away_waits_for_the_next),
        TEST(the_end_of_the_server_is_the_end_of_the_stream),
        TEST(a_stat_needs_a_path),
        TEST(only_a_running_guest_has_files),
        TEST(a_path_is_described),
        TEST(the_longest_path_is_answered),
        TEST(a_guest_without_agent_is_not_to_be_asked),
        TEST(stats_have_ten_keys),
        TEST(stats_without_network_count_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
