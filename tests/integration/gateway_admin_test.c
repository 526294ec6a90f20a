/* What those who run the gateway see: the pages of the admin port, the access log, traces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/env/env.h"
#include "tests/support/gateway_rig.h"
#include "tests/support/h2_frames.h"
#include "tests/support/http_client.h"

static const struct text one_id = TEXT("\n\2s1");

#define TRACE  "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00-" TRACE "-00f067aa0ba902b7-01"

/* ---- Helpers ------------------------------------------------------------------------------- */

static int given_an_admin_port(void **state)
{
    const char *flags[] = { "--admin", "127.0.0.1:0", "--log", "json", "--workers", "2", NULL };
    *state = gateway_rig_start(flags);
    return 0;
}

/* The answer to one request of its own connection. */
static struct http_answer ask(const char *url, const char *method, const char *target)
{
    struct http_client client;
    struct http_answer answer;
    assert_true(http_client_open(&client, url));
    assert_true(http_client_request(&client, method, target, NULL));
    assert_true(http_client_read(&client, &answer));
    http_client_close(&client);
    return answer;
}

static const char *admin_url(const struct gateway_rig *rig)
{
    assert_int_equal(rig->program.url_count, 3);
    return rig->program.urls[1];
}

static void assert_page(struct gateway_rig *rig, const char *target, int status, const char *says)
{
    struct http_answer answer = ask(admin_url(rig), "GET", target);
    if (answer.status != status || strstr(answer.body, says) == NULL)
        fail_msg("%s: %d %s", target, answer.status, answer.body);
    http_answer_free(&answer);
}

/* The sum of the samples whose name and labels begin like this; -1 when there is none. */
static double sample(const char *page, const char *beginning)
{
    const size_t len = strlen(beginning);
    double sum = -1;
    for (const char *line = page; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
        line += *line == '\n';
        const char *end = strchr(line, '\n');
        double value = 0;
        if (strncmp(line, beginning, len) != 0 || end == NULL)
            continue;
        const char *blank = memrchr(line, ' ', (size_t)(end - line));
        assert_non_null(blank);
        assert_int_equal(sscanf(blank, "%lf", &value), 1);
        sum = sum < 0 ? value : sum + value;
    }
    return sum;
}

static double metric(struct gateway_rig *rig, const char *beginning)
{
    struct http_answer answer = ask(admin_url(rig), "GET", "/metrics");
    assert_int_equal(answer.status, 200);
    const double value = sample(answer.body, beginning);
    http_answer_free(&answer);
    return value;
}

/* A call is counted a moment after its client has the reply. */
static void assert_metric(struct gateway_rig *rig, const char *beginning, double expected)
{
    const int64_t until_ns = monotonic_now_ns() + 10 * NS_PER_SEC;
    double value = metric(rig, beginning);
    while (value != expected && monotonic_now_ns() < until_ns)
        value = metric(rig, beginning);
    if (value != expected)
        fail_msg("%s is %f, not %f", beginning, value, expected);
}

static int call(struct gateway_rig *rig, const char *path)
{
    SCOPED(grpc_raw_reply)
    struct grpc_raw_reply reply =
        grpc_raw_run(rig->channel, &(struct grpc_raw_request){ .path = path, .message = one_id });
    return reply.code;
}

#define CREATE "/hypeman.v1.SnapshotService/CreateSnapshot"
#define GET    "/hypeman.v1.SnapshotService/GetSnapshot"
#define OF(method)                                                                                 \
    "{grpc_type=\"unary\",grpc_service=\"hypeman.v1.SnapshotService\",grpc_method=\"" method "\""
#define STREAM_LOGS                                                                                \
    "{grpc_type=\"server_stream\",grpc_service=\"hypeman.v1.InstanceService\",grpc_method="        \
    "\"StreamLogs\""

/* ---- Pages --------------------------------------------------------------------------------- */

static void there_is_no_admin_port_unless_asked_for(void **state)
{
    (void)state;
    struct gateway_rig *rig = gateway_rig_start(NULL);
    assert_int_equal(rig->program.url_count, 2); /* gRPC and the upstream */
    gateway_rig_stop(rig);
}

static void a_public_admin_port_is_warned_about(void **state)
{
    (void)state;
    const char *flags[] = { "--admin", "0.0.0.0:0", NULL };
    struct gateway_rig *rig = gateway_rig_start(flags);
    assert_non_null(strstr(gateway_rig_errors(rig), "warning: --admin 0.0.0.0"));
    gateway_rig_stop(rig);
}

static void an_admin_port_that_is_taken_stops_the_start(void **state)
{
    struct gateway_rig *rig = *state;
    const char *address = admin_url(rig) + strlen("http://");
    const char *arguments[] = { "--listen", "127.0.0.1:0", "--upstream", "http://127.0.0.1:1",
                                "--admin",  address,       NULL };
    struct program program;
    assert_true(program_spawn(&program, "hypeman-gateway", arguments));
    assert_int_equal(program_wait(&program), 1);
    assert_non_null(strstr(program.output, address));
    assert_non_null(strstr(program.output, "--admin 127.0.0.1:0"));
    program_free(&program);
}

static void it_says_that_it_lives_and_is_ready(void **state)
{
    assert_page(*state, "/healthz", 200, "alive\n");
    assert_page(*state, "/readyz", 200, "ready\n");
}

static void an_unknown_page_names_those_there_are(void **state)
{
    const char *targets[] = { "/", "/metric", "/metricsx", "/metrics/x", "/healthz/", "/channelz" };
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        assert_page(*state, targets[i], 404, "/metrics\n");
        assert_page(*state, targets[i], 404, "/channelz/\n");
    }
}

static void pages_are_only_read(void **state)
{
    struct gateway_rig *rig = *state;
    const char *methods[] = { "POST", "PUT", "DELETE", "OPTIONS", "NONSENSE" };
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        struct http_answer answer = ask(admin_url(rig), methods[i], "/metrics");
        assert_int_equal(answer.status, 405);
        http_answer_free(&answer);
    }
}

static void one_connection_serves_many_scrapes(void **state)
{
    struct gateway_rig *rig = *state;
    struct http_client client;
    assert_true(http_client_open(&client, admin_url(rig)));
    for (int i = 0; i < 50; i++) {
        struct http_answer answer;
        assert_true(http_client_request(&client, "GET", "/metrics", NULL));
        assert_true(http_client_read(&client, &answer));
        assert_int_equal(answer.status, 200);
        assert_true(http_answer_has_line(&answer,
                                         "Content-Type: text/plain; version=0.0.4; charset=utf-8"));
        http_answer_free(&answer);
    }
    http_client_close(&client);
}

static void channelz_shows_servers_and_their_sockets(void **state)
{
    struct gateway_rig *rig = *state;
    char target[64];
    gateway_rig_assert_serves(rig); /* so there is a connection */

    struct http_answer answer = ask(admin_url(rig), "GET", "/channelz/servers");
    assert_int_equal(answer.status, 200);
    json_auto_t *servers = json_loads(answer.body, 0, NULL);
    const char *server = json_string_value(json_object_get(
        json_object_get(json_array_get(json_object_get(servers, "server"), 0), "ref"), "serverId"));
    http_answer_free(&answer);
    assert_non_null(server);

    (void)snprintf(target, sizeof target, "/channelz/servers/%s", server);
    assert_page(rig, target, 200, "callsStarted");
    (void)snprintf(target, sizeof target, "/channelz/servers/%s/sockets", server);
    answer = ask(admin_url(rig), "GET", target);
    assert_int_equal(answer.status, 200);
    json_auto_t *sockets = json_loads(answer.body, 0, NULL);
    const char *socket = json_string_value(
        json_object_get(json_array_get(json_object_get(sockets, "socketRef"), 0), "socketId"));
    http_answer_free(&answer);
    assert_non_null(socket);

    (void)snprintf(target, sizeof target, "/channelz/sockets/%s", socket);
    assert_page(rig, target, 200, "streamsStarted");
}

static void what_channelz_does_not_have_is_not_found(void **state)
{
    const char *rests[] = { "",
                            "nonsense",
                            "servers/x",
                            "servers/-1",
                            "sockets",
                            "sockets/999999",
                            "servers/999999",
                            "servers/1/x",
                            "sockets/1/2",
                            "servers/1/sockets/x",
                            "servers/99999999999999999999" };
    for (size_t i = 0; i < ARRAY_LEN(rests); i++) {
        char target[64];
        (void)snprintf(target, sizeof target, "/channelz/%s", rests[i]);
        assert_page(*state, target, 404, "\"paths\":[\"servers\"");
    }
}

/* ---- Metrics ------------------------------------------------------------------------------- */

static void a_call_is_counted_by_method_and_code(void **state)
{
    struct gateway_rig *rig = *state;
    const struct {
        const char *beginning;
        double more;
    } cases[] = {
        { "grpc_server_started_total" OF("GetSnapshot"), 2 },
        { "grpc_server_handled_total" OF("GetSnapshot"), 2 },
        { "grpc_server_handled_total" OF("GetSnapshot") ",grpc_code=\"NotFound\"", 1 },
        { "grpc_server_handling_seconds_count" OF("GetSnapshot"), 2 },
        { "grpc_server_handling_seconds_bucket" OF("GetSnapshot") ",le=\"+Inf\"", 2 },
        { "grpc_server_msg_received_total" OF("GetSnapshot"), 2 },
        { "grpc_server_msg_received_bytes_total" OF("GetSnapshot"), 8 },
        { "grpc_server_msg_sent_total" OF("GetSnapshot"), 1 },
        { "grpc_server_msg_sent_bytes_total" OF("GetSnapshot"), 4 },
        { "grpc_server_started_total" OF("ListSnapshots"), 0 },
        { "hypeman_gateway_upstream_seconds_count", 2 },
        { "hypeman_gateway_upstream_requests_total{outcome=\"answered\"}", 2 },
        { "hypeman_gateway_upstream_answers_total{class=\"2xx\"}", 1 },
        { "hypeman_gateway_upstream_answers_total{class=\"4xx\"}", 1 },
        { "hypeman_gateway_unknown_json_fields_total", 2 },
        { "grpc_server_in_flight", 0 },
    };
    double before[ARRAY_LEN(cases)];
    assert_metric(rig, "grpc_server_in_flight", 0); /* those of other tests are counted */
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        before[i] = fmax(0, metric(rig, cases[i].beginning));
    fake_upstream_answer(rig->upstream, 200, "{\"id\":\"s1\",\"new\":1,\"newer\":{\"a\":[]}}");
    fake_upstream_answer(rig->upstream, 404, "{\"code\":\"not_found\",\"message\":\"no\"}");
    assert_int_equal(call(rig, GET), RPC_OK);
    assert_int_equal(call(rig, GET), RPC_NOT_FOUND);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_metric(rig, cases[i].beginning, before[i] + cases[i].more);
}

static void messages_of_a_stream_are_counted_one_by_one(void **state)
{
    struct gateway_rig *rig = *state;
    const struct grpc_raw_request request = { .path = "/hypeman.v1.InstanceService/StreamLogs",
                                              .message = TEXT("\n\2i1") };
    struct text line;
    fake_upstream_reply(rig->upstream,
                        http_answer(&rig->memory, 200, "Content-Type: text/event-stream\r\n",
                                    TEXT("data: \"a\"\n\ndata: \"b\"\n\n:\n\ndata: \"c\"\n\n")));
    struct grpc_raw_call *stream = grpc_raw_open(rig->channel, &request);
    for (int i = 0; i < 3; i++)
        assert_true(grpc_raw_read(stream, &line));
    assert_false(grpc_raw_read(stream, &line));
    SCOPED(grpc_raw_reply) struct grpc_raw_reply end = grpc_raw_finish(stream);
    assert_int_equal(end.code, RPC_OK);
    assert_metric(rig, "grpc_server_msg_sent_total" STREAM_LOGS, 3);
    assert_metric(rig, "grpc_server_msg_sent_bytes_total" STREAM_LOGS, 9);
    assert_metric(rig, "grpc_server_handled_total" STREAM_LOGS ",grpc_code=\"OK\"", 1);
}

static void methods_nobody_serves_share_one_series(void **state)
{
    struct gateway_rig *rig = *state;
    const char *series = "grpc_server_handled_total{grpc_type=\"unary\",grpc_service=\"unknown\","
                         "grpc_method=\"unknown\",grpc_code=\"Unimplemented\"}";
    const double before = fmax(0, metric(rig, series));
    for (int i = 0; i < 20; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "/made.up%d/Name\"} 7", i);
        assert_int_equal(call(rig, path), RPC_UNIMPLEMENTED);
    }
    assert_metric(rig, series, before + 20);
    struct http_answer page = ask(admin_url(rig), "GET", "/metrics");
    assert_null(strstr(page.body, "made"));
    http_answer_free(&page);
}

static void calls_in_flight_are_a_gauge(void **state)
{
    struct gateway_rig *rig = *state;
    enum { CALLS = 5 };
    struct grpc_raw_call *calls[CALLS];
    struct fake_reply held = http_answer(&rig->memory, 200, "", TEXT("{}"));
    held.hold = true;
    const size_t before = fake_upstream_request_count(rig->upstream);
    for (int i = 0; i < CALLS; i++) {
        fake_upstream_reply(rig->upstream, held);
        calls[i] = gateway_rig_begin(rig, "SnapshotService/GetSnapshot", one_id);
    }
    assert_true(fake_upstream_wait_requests(rig->upstream, before + CALLS));
    assert_metric(rig, "grpc_server_in_flight", CALLS);
    fake_upstream_release(rig->upstream, FAKE_ALL);
    for (int i = 0; i < CALLS; i++) {
        SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = grpc_raw_finish(calls[i]);
        assert_int_equal(reply.code, RPC_OK);
    }
    assert_metric(rig, "grpc_server_in_flight", 0);
}

static void open_connections_are_a_gauge(void **state)
{
    struct gateway_rig *rig = *state;
    enum { CLIENTS = 7 };
    struct http_client clients[CLIENTS];
    const char *url = arena_printf(&rig->memory, "http://%s", rig->target);
    gateway_rig_assert_serves(rig);
    assert_metric(rig, "hypeman_gateway_connections ", 1);
    for (int i = 0; i < CLIENTS; i++)
        assert_true(http_client_open(&clients[i], url));
    assert_metric(rig, "hypeman_gateway_connections ", 1 + CLIENTS);
    for (int i = 0; i < CLIENTS; i++)
        http_client_close(&clients[i]);
    assert_metric(rig, "hypeman_gateway_connections ", 1);
}

/* ---- Traces -------------------------------------------------------------------------------- */

/* Calls with these headers; the upstream's request and, at last, the log. */
static struct text traced_request(struct gateway_rig *rig, const struct grpc_raw_header *headers,
                                  size_t count)
{
    const size_t number = fake_upstream_request_count(rig->upstream);
    SCOPED(grpc_raw_reply)
    struct grpc_raw_reply reply = grpc_raw_run(
        rig->channel,
        &(struct grpc_raw_request){
            .path = GET, .message = one_id, .headers = headers, .header_count = count });
    assert_int_equal(reply.code, RPC_OK);
    return fake_upstream_request(rig->upstream, number).bytes;
}

static bool has(struct text bytes, const char *part)
{
    return memmem(bytes.data, bytes.len, part, strlen(part)) != NULL;
}

static void a_trace_goes_on_to_the_upstream_unchanged(void **state)
{
    const struct grpc_raw_header headers[] = {
        { TEXT("traceparent"), TEXT(PARENT) },
        { TEXT("tracestate"), TEXT("rojo=00f067aa0ba902b7 , congo=t61") },
    };
    struct text request = traced_request(*state, headers, ARRAY_LEN(headers));
    assert_true(has(request, "\r\ntraceparent: " PARENT "\r\n"));
    assert_true(has(request, "\r\ntracestate: rojo=00f067aa0ba902b7 , congo=t61\r\n"));
}

static void several_states_are_one_list(void **state)
{
    const struct grpc_raw_header headers[] = {
        { TEXT("tracestate"), TEXT("a=1") },
        { TEXT("traceparent"), TEXT(PARENT) },
        { TEXT("tracestate"), TEXT("b=2,c=3") },
        { TEXT("tracestate"), TEXT("d=4") },
    };
    struct text request = traced_request(*state, headers, ARRAY_LEN(headers));
    assert_true(has(request, "\r\ntracestate: a=1,b=2,c=3,d=4\r\n"));
}

static void what_is_no_trace_goes_nowhere(void **state)
{
    const struct grpc_raw_header broken[] = {
        { TEXT("traceparent"), TEXT("00-" TRACE "-0000000000000000-01") },
        { TEXT("tracestate"), TEXT("a=1") },
    };
    const struct grpc_raw_header twice[] = {
        { TEXT("traceparent"), TEXT(PARENT) },
        { TEXT("traceparent"), TEXT(PARENT) },
    };
    const struct grpc_raw_header broken_state[] = {
        { TEXT("traceparent"), TEXT(PARENT) },
        { TEXT("tracestate"), TEXT("a") },
    };
    assert_false(has(traced_request(*state, broken, 2), "trace"));
    assert_false(has(traced_request(*state, twice, 2), "trace"));
    assert_false(has(traced_request(*state, NULL, 0), "trace"));
    struct text request = traced_request(*state, broken_state, 2);
    assert_true(has(request, "traceparent: " PARENT));
    assert_false(has(request, "tracestate"));
}

/* ---- The access log ------------------------------------------------------------------------ */

static const char *text_member(const json_t *line, const char *key)
{
    const char *value = json_string_value(json_object_get(line, key));
    if (value == NULL)
        fail_msg("no text %s", key);
    return value;
}

/* The JSON lines of one rpc in the order they were written. Owned. */
static json_t *lines_of(const char *log, const char *rpc)
{
    struct text rest = text_of(log);
    json_t *lines = json_array();
    while (rest.len > 0) {
        struct text line = text_split(&rest, '\n');
        json_t *parsed = json_loadb(line.data == NULL ? "" : line.data, line.len, 0, NULL);
        const char *of = json_string_value(json_object_get(parsed, "rpc"));
        if (of != NULL && strcmp(of, rpc) == 0)
            json_array_append(lines, parsed);
        json_decref(parsed);
    }
    return lines;
}

/* The only line of that rpc ends with this code. */
static void assert_code(const char *log, const char *rpc, const char *code)
{
    json_auto_t *lines = lines_of(log, rpc);
    assert_int_equal(json_array_size(lines), 1);
    assert_string_equal(text_member(json_array_get(lines, 0), "grpc_code"), code);
}

static void each_call_is_one_line_that_says_all(void **state)
{
    (void)state;
    enum { CALLS = 300 };
    const char *flags[] = { "--log", "json", "--workers", "2", NULL };
    const struct grpc_raw_header trace = { TEXT("traceparent"), TEXT(PARENT) };
    struct gateway_rig *rig = gateway_rig_start(flags);
    for (int i = 0; i < CALLS - 1; i++)
        assert_int_equal(call(rig, GET), RPC_OK);
    fake_upstream_answer(rig->upstream, 404, "{\"code\":\"not_found\",\"message\":\"no\"}");
    struct grpc_raw_reply last = grpc_raw_run(
        rig->channel, &(struct grpc_raw_request){
                          .path = GET, .message = one_id, .headers = &trace, .header_count = 1 });
    assert_int_equal(last.code, RPC_NOT_FOUND);
    grpc_raw_reply_fini(&last);
    assert_int_equal(call(rig, "/no.Such/Method"), RPC_UNIMPLEMENTED);
    assert_int_equal(program_stop(&rig->program, SIGTERM), 0);

    assert_code(rig->program.output, "/no.Such/Method", "UNIMPLEMENTED");
    json_auto_t *lines = lines_of(rig->program.output, GET);
    assert_int_equal(json_array_size(lines), CALLS);
    const json_t *line = json_array_get(lines, CALLS - 1);
    assert_string_equal(text_member(line, "grpc_code"), "NOT_FOUND");
    assert_string_equal(text_member(line, "trace_id"), TRACE);
    assert_memory_equal(text_member(line, "peer"), "ipv4:127.0.0.1:", 15);
    assert_int_equal(json_integer_value(json_object_get(line, "http_status")), 404);
    assert_int_equal(json_integer_value(json_object_get(line, "request_bytes")), one_id.len);
    assert_int_equal(json_integer_value(json_object_get(line, "reply_bytes")), 0);
    const double ms = json_real_value(json_object_get(line, "ms"));
    const double upstream_ms = json_real_value(json_object_get(line, "upstream_ms"));
    assert_true(upstream_ms > 0 && upstream_ms <= ms);
    assert_null(json_object_get(json_array_get(lines, 0), "trace_id"));
    gateway_rig_stop(rig);
}

/* A client that leaves it to the gateway to mind its deadline, as C-core's own does not. */
static void send_patient_call(struct gateway_rig *rig, struct http_client *client)
{
    SCOPED(buffer) struct buffer head = buffer_capped(255);
    SCOPED(buffer) struct buffer bytes = buffer_capped(1024);
    h2_append_field(&head, ":method", "POST");
    h2_append_field(&head, ":scheme", "http");
    h2_append_field(&head, ":path", GET);
    h2_append_field(&head, ":authority", "x");
    h2_append_field(&head, "content-type", "application/grpc");
    h2_append_field(&head, "te", "trailers");
    h2_append_field(&head, "grpc-timeout", "1000m");
    h2_append_greeting(&bytes);
    h2_append_frame(&bytes, H2_HEADERS, H2_END_HEADERS, 1, buffer_text(&head));
    h2_append_frame(&bytes, H2_DATA, H2_END_STREAM, 1, TEXT("\0\0\0\0\4\n\2s1"));
    assert_true(http_client_open(client, arena_printf(&rig->memory, "http://%s", rig->target)));
    assert_true(http_client_send(client, bytes.data, bytes.len));
}

static void a_call_that_ends_early_is_logged_with_its_reason(void **state)
{
    (void)state;
    const char *flags[] = { "--log", "json", NULL };
    struct gateway_rig *rig = gateway_rig_start(flags);
    struct http_client late;
    fake_upstream_otherwise(rig->upstream, (struct fake_reply){ .hold = true });
    send_patient_call(rig, &late);
    assert_true(fake_upstream_wait_closed(rig->upstream, 0, NULL)); /* the gateway gave up */

    struct grpc_raw_call *unwanted =
        gateway_rig_begin(rig, "SnapshotService/CreateSnapshot", one_id);
    assert_true(fake_upstream_wait_requests(rig->upstream, 2));
    grpc_raw_cancel(unwanted);
    SCOPED(grpc_raw_reply) struct grpc_raw_reply cancelled = grpc_raw_finish(unwanted);
    assert_int_equal(cancelled.code, RPC_CANCELLED);
    assert_true(fake_upstream_wait_closed(rig->upstream, 1, NULL));
    http_client_close(&late);
    assert_int_equal(program_stop(&rig->program, SIGTERM), 0);

    assert_code(rig->program.output, GET, "DEADLINE_EXCEEDED");
    assert_code(rig->program.output, CREATE, "CANCELLED");
    gateway_rig_stop(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_no_admin_port_unless_asked_for),
        cmocka_unit_test(a_public_admin_port_is_warned_about),
        cmocka_unit_test(an_admin_port_that_is_taken_stops_the_start),
        cmocka_unit_test(it_says_that_it_lives_and_is_ready),
        cmocka_unit_test(an_unknown_page_names_those_there_are),
        cmocka_unit_test(pages_are_only_read),
        cmocka_unit_test(one_connection_serves_many_scrapes),
        cmocka_unit_test(channelz_shows_servers_and_their_sockets),
        cmocka_unit_test(what_channelz_does_not_have_is_not_found),
        cmocka_unit_test(a_call_is_counted_by_method_and_code),
        cmocka_unit_test(messages_of_a_stream_are_counted_one_by_one),
        cmocka_unit_test(methods_nobody_serves_share_one_series),
        cmocka_unit_test(calls_in_flight_are_a_gauge),
        cmocka_unit_test(open_connections_are_a_gauge),
        cmocka_unit_test(a_trace_goes_on_to_the_upstream_unchanged),
        cmocka_unit_test(several_states_are_one_list),
        cmocka_unit_test(what_is_no_trace_goes_nowhere),
        cmocka_unit_test(each_call_is_one_line_that_says_all),
        cmocka_unit_test(a_call_that_ends_early_is_logged_with_its_reason),
    };
    return cmocka_run_group_tests(tests, given_an_admin_port, gateway_rig_teardown);
}
