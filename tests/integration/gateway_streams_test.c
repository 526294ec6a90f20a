/* Methods that stream their replies: a log followed through the whole gateway. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/buffer.h"
#include "common/env/env.h"
#include "tests/support/gateway_rig.h"
#include "tests/support/http_client.h"

#define STREAM_LOGS "/hypeman.v1.InstanceService/StreamLogs"
#define EVENTS      "text/event-stream"
#define LINES       "application/x-ndjson"
#define JSON        "application/json"

static const struct text one_id = TEXT("\n\2i1");

/* ---- Helpers ------------------------------------------------------------------------------- */

/* An answer of 200 in chunks, each of one text; NULL-terminated.
 * is_whole  with the chunk that ends it */
static const char *chunked(struct arena *memory, const char *type, bool is_whole,
                           const char *const *chunks)
{
    SCOPED(buffer) struct buffer bytes = buffer_capped(1 << 20);
    buffer_appendf(&bytes,
                   "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nX-Request-Id: r7\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n",
                   type);
    for (size_t i = 0; chunks[i] != NULL; i++)
        buffer_appendf(&bytes, "%zx\r\n%s\r\n", strlen(chunks[i]), chunks[i]);
    if (is_whole)
        buffer_append_cstr(&bytes, "0\r\n\r\n");
    assert_false(bytes.failed);
    return arena_copy(memory, buffer_text(&bytes));
}

/* Under ThreadSanitizer on a busy machine a quarter of a million lines take half a minute. */
enum { PATIENCE_MS = 90000 };

static struct grpc_raw_call *open_logs(struct gateway_rig *rig, struct text message)
{
    return grpc_raw_open(rig->channel, &(struct grpc_raw_request){ .path = STREAM_LOGS,
                                                                   .message = message,
                                                                   .deadline_ms = PATIENCE_MS });
}

/* The next message is this line. */
static void assert_line(struct grpc_raw_call *call, const char *line)
{
    struct text message;
    struct arena memory = arena_capped(1 << 20);
    if (!grpc_raw_read(call, &message)) {
        const struct grpc_raw_reply end = grpc_raw_finish(call);
        fail_msg("the stream ended before \"%s\": %d %s", line, end.code, end.message);
    }
    if (!text_equal(message, wire_field(&memory, 1, text_of(line))))
        fail_msg("expected the line \"%s\", not \"" TEXT_FMT "\"", line, TEXT_ARGS(message));
    arena_fini(&memory);
}

static struct grpc_raw_reply assert_end(struct grpc_raw_call *call, enum rpc_code code,
                                        const char *says)
{
    struct text message;
    if (grpc_raw_read(call, &message))
        fail_msg("a message too many: " TEXT_FMT, TEXT_ARGS(message));
    struct grpc_raw_reply reply = grpc_raw_finish(call);
    if (reply.code != (int)code || strstr(reply.message, says) == NULL)
        fail_msg("expected %s and \"%s\", not %s: %s", rpc_code_name(code), says,
                 rpc_code_name((enum rpc_code)reply.code), reply.message);
    return reply;
}

static void assert_ends(struct grpc_raw_call *call, enum rpc_code code, const char *says)
{
    struct grpc_raw_reply reply = assert_end(call, code, says);
    grpc_raw_reply_fini(&reply);
}

/* Waits until the gateway has closed the connection of that request. */
static int64_t closed_at_ns(struct gateway_rig *rig, size_t request)
{
    int64_t at_ns = 0;
    const size_t connection = fake_upstream_request(rig->upstream, request).connection;
    if (!fake_upstream_wait_closed(rig->upstream, connection, &at_ns))
        fail_msg("the connection of request %zu stays open", request);
    return at_ns;
}

/* ---- Items --------------------------------------------------------------------------------- */

/* INST-LOG-002, INST-LOG-003, INST-LOG-012 */
static void lines_come_in_order_and_heartbeats_are_none(void **state)
{
    struct gateway_rig *rig = *state;
    const char *const chunks[] = {
        "data: \"one\"\n\n", ": keep-alive\n\n",     "data: \"tw\\u006f\"\n\ndata: \"\"\n\nda",
        "ta: \"three\"\n",   "\ndata:\n\n: bye\n\n", NULL
    };
    const size_t request = fake_upstream_request_count(rig->upstream);
    fake_upstream_reply(
        rig->upstream, (struct fake_reply){ .bytes = chunked(&rig->memory, EVENTS, true, chunks) });
    struct grpc_raw_call *call = open_logs(rig, TEXT("\n\2i1\x10\5\x18\1\x20\2"));
    assert_line(call, "one");
    assert_line(call, "two");
    struct text empty;
    assert_true(grpc_raw_read(call, &empty)); /* a line of no characters is one */
    assert_int_equal(empty.len, 0);
    assert_line(call, "three");
    SCOPED(grpc_raw_reply) struct grpc_raw_reply end = assert_end(call, RPC_OK, "");
    assert_true(text_equal_cstr(grpc_raw_header_value(&end, "x-request-id"), "r7"));
    assert_null(grpc_raw_trailer(&end, "x-request-id").data);

    const struct fake_request sent = fake_upstream_request(rig->upstream, request);
    const char *line = "GET /instances/i1/logs?tail=5&follow=true&source=vmm HTTP/1.1\r\n";
    assert_true(text_starts_with(sent.bytes, text_of(line)));
    const char *accept = "Accept: text/event-stream, application/x-ndjson";
    assert_non_null(memmem(sent.bytes.data, sent.bytes.len, accept, strlen(accept)));
}

static void the_formats_say_the_same_however_they_are_cut(void **state)
{
    struct gateway_rig *rig = *state;
    static const struct {
        const char *type;
        const char *body;
    } cases[] = {
        { EVENTS, "data: \"a\"\r\n\r\ndata: \"b\"\r\n\r\n:\r\n\r\ndata: \"c\"\r\n\r\n" },
        { LINES, "\"a\"\n\n\"b\"\n\"c\"" },
        { JSON, "[\"a\" ,\n \"b\",\"c\"]\n" },
        { JSON, "\"a\"\n\"b\" \"c\"" },
        { "", "[\"a\",\"b\",\"c\"]" },
    };
    for (size_t i = 0; i < 2 * ARRAY_LEN(cases); i++) {
        const char *type = cases[i / 2].type;
        const char *header =
            type[0] == '\0' ? "" : arena_printf(&rig->memory, "Content-Type: %s\r\n", type);
        struct fake_reply reply =
            http_answer(&rig->memory, 200, header, text_of(cases[i / 2].body));
        reply.drip = i % 2 == 1;
        fake_upstream_reply(rig->upstream, reply);
        struct grpc_raw_call *call = open_logs(rig, one_id);
        assert_line(call, "a");
        assert_line(call, "b");
        assert_line(call, "c");
        assert_ends(call, RPC_OK, "");
    }
}

static void a_line_arrives_before_the_next_is_there(void **state)
{
    struct gateway_rig *rig = *state;
    const char *const chunks[] = { "data: \"first\"\n\n", "data: \"second\"\n\n", NULL };
    const size_t request = fake_upstream_request_count(rig->upstream);
    const char *bytes = chunked(&rig->memory, EVENTS, true, chunks);
    fake_upstream_reply(
        rig->upstream,
        (struct fake_reply){ .bytes = bytes,
                             .hold = true,
                             .hold_at = (size_t)(strstr(bytes, "second") - bytes) - 9 });
    struct grpc_raw_call *call = open_logs(rig, one_id);
    assert_line(call, "first");
    fake_upstream_release(rig->upstream, request);
    assert_line(call, "second");
    assert_ends(call, RPC_OK, "");
}

static void an_answer_may_have_no_items(void **state) /* SSE-006, INST-LOG-021 */
{
    struct gateway_rig *rig = *state;
    static const struct {
        int status;
        const char *headers;
        const char *body;
    } cases[] = {
        { 200, "Content-Type: text/event-stream\r\n", "" },
        { 200, "Content-Type: text/event-stream\r\n", ":\n\n" },
        { 200, "Content-Type: application/json\r\n", "[]" },
        { 200, "Content-Type: application/json\r\n", "" },
        { 200, "Content-Type: application/x-ndjson\r\n", "\n" },
        { 200, "", "" },
        { 204, "", "" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fake_upstream_reply(rig->upstream, http_answer(&rig->memory, cases[i].status,
                                                       cases[i].headers, text_of(cases[i].body)));
        assert_ends(open_logs(rig, one_id), RPC_OK, "");
    }
}

/* ---- Ends ---------------------------------------------------------------------------------- */

static void a_stream_that_is_cut_is_unavailable(void **state)
{
    struct gateway_rig *rig = *state;
    static const struct {
        const char *type;
        bool is_whole; /* as HTTP has it */
        enum fake_end end;
        const char *chunk; /* behind that of the first item */
        const char *says;
    } cases[] = {
        { EVENTS, true, FAKE_KEEP, "data: \"tw", "the stream ends inside an event" },
        { EVENTS, true, FAKE_KEEP, "data: \"two\"\n", "the stream ends inside an event" },
        { EVENTS, false, FAKE_CLOSE, "data: \"tw", "ended before its answer was complete" },
        { EVENTS, false, FAKE_CLOSE, ":\n\n", "ended before its answer was complete" },
        { EVENTS, false, FAKE_RESET, ":\n\n", "ended before its answer was complete" },
        { LINES, true, FAKE_KEEP, "\"tw", "the stream ends inside a document" },
        { LINES, false, FAKE_CLOSE, "\n", "ended before its answer was complete" },
        { JSON, true, FAKE_KEEP, ",", "the stream ends inside its array" },
        { JSON, true, FAKE_KEEP, " ", "the stream ends inside its array" },
        { JSON, false, FAKE_CLOSE, "]", "ended before its answer was complete" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *const first = strcmp(cases[i].type, EVENTS) == 0  ? "data: \"one\"\n\n"
                                  : strcmp(cases[i].type, LINES) == 0 ? "\"one\"\n"
                                                                      : "[\"one\"";
        const char *const chunks[] = { first, cases[i].chunk, NULL };
        const char *bytes = chunked(&rig->memory, cases[i].type, cases[i].is_whole, chunks);
        const size_t request = fake_upstream_request_count(rig->upstream);
        /* A reset may overtake what was sent before it: it waits until that has arrived. */
        fake_upstream_reply(rig->upstream, (struct fake_reply){ .bytes = bytes,
                                                                .hold = true,
                                                                .hold_at = strlen(bytes) - 1,
                                                                .end = cases[i].end });
        struct grpc_raw_call *call = open_logs(rig, one_id);
        assert_line(call, "one");
        fake_upstream_release(rig->upstream, request);
        SCOPED(grpc_raw_reply)
        struct grpc_raw_reply end = assert_end(call, RPC_UNAVAILABLE, cases[i].says);
        struct gateway_details details;
        assert_true(gateway_details_read(&end, &rig->memory, &details));
        assert_string_equal(details.reason, "UNAVAILABLE");
    }
    gateway_rig_assert_serves(rig);
}

static void an_error_before_the_stream_is_that_of_any_call(void **state) /* SSE-004, INST-LOG-016 */
{
    struct gateway_rig *rig = *state;
    static const struct {
        int status;
        const char *type, *body;
        enum rpc_code code;
        const char *says;
    } cases[] = {
        { 404, JSON, "{\"code\":\"log_not_found\",\"message\":\"no such log\"}", RPC_NOT_FOUND,
          "no such log" },
        { 409, JSON, "{\"code\":\"ambiguous\",\"message\":\"two\"}", RPC_FAILED_PRECONDITION,
          "two" },
        { 401, JSON, "{\"code\":\"unauthorized\",\"message\":\"who\"}", RPC_UNAUTHENTICATED,
          "who" },
        { 503, "text/html", "<p>busy", RPC_UNAVAILABLE, "<p>busy" },
        { 302, "text/html", "", RPC_UNKNOWN, "302" },
        { 500, EVENTS, "data: \"x\"\n\n", RPC_INTERNAL, "500" },
        { 200, "text/html", "<p>hello", RPC_INTERNAL,
          "200 with text/html instead of events or JSON: <p>hello" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *headers = arena_printf(
            &rig->memory, "Content-Type: %s\r\nX-Request-Id: r%zu\r\n", cases[i].type, i);
        fake_upstream_reply(rig->upstream, http_answer(&rig->memory, cases[i].status, headers,
                                                       text_of(cases[i].body)));
        SCOPED(grpc_raw_reply)
        struct grpc_raw_reply end =
            assert_end(open_logs(rig, one_id), cases[i].code, cases[i].says);
        const char *id = arena_printf(&rig->memory, "r%zu", i);
        assert_true(text_equal_cstr(grpc_raw_trailer(&end, "x-request-id"), id));
        assert_null(grpc_raw_header_value(&end, "x-request-id").data);
    }
    /* On a connection of its own, since the one before was closed as no stream. */
    fake_upstream_reply(rig->upstream, (struct fake_reply){ .end = FAKE_CLOSE });
    assert_ends(open_logs(rig, one_id), RPC_UNAVAILABLE, "safe to ask again");
    gateway_rig_assert_serves(rig);
}

static void an_item_that_does_not_fit_ends_the_stream(void **state)
{
    struct gateway_rig *rig = *state;
    static const struct {
        const char *chunk;
        const char *says;
    } cases[] = {
        { "data: 5\n\n", "item 2: line must be a string, not a number" },
        { "data: {}\n\n", "item 2: line must be a string, not an object" },
        { "data: two words\n\n", "item 2: invalid character 'w' in literal true" },
        { "data: \"a\" \"b\"\n\n", "item 2: invalid character '\"' after top-level value" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *const chunks[] = { "data: \"one\"\n\n", cases[i].chunk, NULL };
        const size_t request = fake_upstream_request_count(rig->upstream);
        const char *bytes = chunked(&rig->memory, EVENTS, false, chunks);
        fake_upstream_reply(rig->upstream, (struct fake_reply){ .bytes = bytes });
        struct grpc_raw_call *call = open_logs(rig, one_id);
        assert_line(call, "one");
        assert_ends(call, RPC_INTERNAL, cases[i].says);
        (void)closed_at_ns(rig, request); /* nobody waits for the rest */
    }
    gateway_rig_assert_serves(rig);
}

static void an_event_named_error_ends_the_stream_as_it_says(void **state)
{
    struct gateway_rig *rig = *state;
    static const struct {
        const char *chunk;
        enum rpc_code code;
        const char *says, *reason;
    } cases[] = {
        { "event: error\ndata: {\"code\":\"gone\",\"message\":\"it went\"}\n\n", RPC_UNKNOWN,
          "it went", "gone" },
        { "event: error\ndata: oh no\n\n", RPC_UNKNOWN, "oh no", "HTTP_200" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *const chunks[] = { "data: \"one\"\n\n", cases[i].chunk, NULL };
        const size_t request = fake_upstream_request_count(rig->upstream);
        const char *bytes = chunked(&rig->memory, EVENTS, false, chunks);
        fake_upstream_reply(rig->upstream, (struct fake_reply){ .bytes = bytes });
        struct grpc_raw_call *call = open_logs(rig, one_id);
        assert_line(call, "one");
        SCOPED(grpc_raw_reply)
        struct grpc_raw_reply end = assert_end(call, cases[i].code, cases[i].says);
        struct gateway_details details;
        assert_true(gateway_details_read(&end, &rig->memory, &details));
        assert_string_equal(details.reason, cases[i].reason);
        (void)closed_at_ns(rig, request);
    }
}

static void large_items_go_through_and_too_large_ones_do_not(void **state)
{
    struct gateway_rig *rig = *state;
    enum { LARGE = 5 << 20, TOO_LARGE = 17 << 20 };
    static const size_t sizes[] = { LARGE, 1, LARGE, LARGE, 2 };
    SCOPED(buffer) struct buffer body = buffer_capped(64 << 20);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        buffer_append_cstr(&body, "data: \"");
        for (size_t k = 0; k < sizes[i]; k++)
            buffer_append_byte(&body, (uint8_t)('a' + k % 26));
        buffer_append_cstr(&body, "\"\n\n");
    }
    fake_upstream_reply(
        rig->upstream,
        http_answer(&rig->memory, 200, "Content-Type: " EVENTS "\r\n", buffer_text(&body)));
    struct grpc_raw_call *call = open_logs(rig, one_id);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct text message;
        assert_true(grpc_raw_read(call, &message));
        assert_true(message.len > sizes[i] && message.len <= sizes[i] + 8);
    }
    assert_ends(call, RPC_OK, "");

    buffer_clear(&body);
    buffer_append_cstr(&body, "data: \"one\"\n\ndata: \"");
    for (size_t k = 0; k < TOO_LARGE; k++)
        buffer_append_byte(&body, 'x');
    fake_upstream_reply(
        rig->upstream,
        http_answer(&rig->memory, 200, "Content-Type: " EVENTS "\r\n", buffer_text(&body)));
    call = open_logs(rig, one_id);
    assert_line(call, "one");
    assert_ends(call, RPC_RESOURCE_EXHAUSTED, "an item is larger than 16777216 bytes");
    gateway_rig_assert_serves(rig);
}

/* ---- Time ---------------------------------------------------------------------------------- */

/* A stream that has begun and goes on without an end. */
static struct grpc_raw_call *open_endless(struct gateway_rig *rig, int64_t deadline_ms)
{
    const char *const chunks[] = { "data: \"one\"\n\n", NULL };
    const char *bytes = chunked(&rig->memory, EVENTS, false, chunks);
    fake_upstream_reply(rig->upstream, (struct fake_reply){ .bytes = bytes });
    struct grpc_raw_call *call = grpc_raw_open(
        rig->channel, &(struct grpc_raw_request){
                          .path = STREAM_LOGS, .message = one_id, .deadline_ms = deadline_ms });
    assert_line(call, "one");
    return call;
}

static void a_cancelled_stream_closes_its_connection(void **state)
{
    enum { TRIES = 10, SOON_MS = 50 };
    struct gateway_rig *rig = *state;
    int64_t best_ns = INT64_MAX; /* of several: the machine has other things to do */
    for (int i = 0; i < TRIES; i++) {
        const size_t request = fake_upstream_request_count(rig->upstream);
        struct grpc_raw_call *call = open_endless(rig, 0);
        const int64_t cancelled_ns = monotonic_now_ns();
        grpc_raw_cancel(call);
        assert_ends(call, RPC_CANCELLED, "");
        const int64_t ns = closed_at_ns(rig, request) - cancelled_ns;
        best_ns = ns < best_ns ? ns : best_ns;
    }
    print_message("closed %lld us after the cancel\n", (long long)best_ns / 1000);
    assert_in_range(best_ns, 0, SOON_MS * NS_PER_MS);
    gateway_rig_assert_serves(rig);
}

/* Wherever they are: before their answer, after a line, with hundreds waiting for them. */
static void streams_cancelled_anywhere_leave_nothing_behind(void **state)
{
    (void)state;
    enum { ROUNDS = 6, AT_ONCE = 50, LINES_OF_EACH = 5000 };
    struct gateway_rig *rig = gateway_rig_start(NULL);
    gateway_rig_assert_serves(rig);
    const size_t before = gateway_rig_count_descriptors(rig);
    SCOPED(buffer) struct buffer bytes = buffer_capped(1 << 20);
    buffer_append_cstr(&bytes, "HTTP/1.1 200 OK\r\nContent-Type: " EVENTS
                               "\r\nContent-Length: 99999999\r\n\r\n");
    for (int i = 0; i < LINES_OF_EACH; i++)
        buffer_append_cstr(&bytes, "data: \"a line of the log\"\n\n");
    fake_upstream_otherwise(rig->upstream,
                            (struct fake_reply){ .bytes = bytes.data, .len = bytes.len });
    for (size_t round = 0; round < ROUNDS; round++) {
        struct grpc_raw_call *calls[AT_ONCE];
        for (size_t i = 0; i < AT_ONCE; i++)
            calls[i] = open_logs(rig, one_id);
        for (size_t i = 0; i < AT_ONCE; i++)
            for (size_t lines = round * i; lines > 0; lines--)
                assert_line(calls[i], "a line of the log");
        for (size_t i = 0; i < AT_ONCE; i++)
            grpc_raw_cancel(calls[i]);
        for (size_t i = 0; i < AT_ONCE; i++) {
            SCOPED(grpc_raw_reply) struct grpc_raw_reply end = grpc_raw_finish(calls[i]);
            assert_int_equal(end.code, RPC_CANCELLED);
        }
    }
    gateway_rig_assert_descriptors(rig, before);
    gateway_rig_stop(rig);
}

static void a_client_that_dies_closes_its_connection(void **state)
{
    struct gateway_rig *rig = *state;
    struct program client;
    const size_t request = fake_upstream_request_count(rig->upstream);
    const char *arguments[] = { "call",
                                "--to",
                                rig->target,
                                "--method",
                                "hypeman.v1.InstanceService/StreamLogs",
                                "--data",
                                "{\"instance_id\":\"i1\"}",
                                NULL };
    const char *const chunks[] = { "data: \"one\"\n\n", NULL };
    const char *bytes = chunked(&rig->memory, EVENTS, false, chunks);
    int out[2];
    char line[32] = "";
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    fake_upstream_reply(rig->upstream, (struct fake_reply){ .bytes = bytes });
    assert_true(program_spawn_to(&client, "hypeman-gateway", arguments, out[1]));
    assert_true(read(out[0], line, sizeof line - 1) > 0); /* it prints what it has at once */
    assert_string_equal(line, "{\"line\":\"one\"}\n");
    assert_int_equal(program_stop(&client, SIGKILL), 128 + SIGKILL);
    program_free(&client);
    close(out[0]);
    close(out[1]);
    (void)closed_at_ns(rig, request);
    gateway_rig_assert_serves(rig);
}

static void a_deadline_ends_a_stream(void **state)
{
    struct gateway_rig *rig = *state;
    const size_t request = fake_upstream_request_count(rig->upstream);
    const int64_t started_ns = monotonic_now_ns();
    struct grpc_raw_call *call = open_endless(rig, 300);
    assert_ends(call, RPC_DEADLINE_EXCEEDED, "");
    assert_in_range((closed_at_ns(rig, request) - started_ns) / NS_PER_MS, 290, 1300);
    gateway_rig_assert_serves(rig);
}

static void the_gateways_own_timeout_does_not(void **state)
{
    (void)state;
    const char *flags[] = { "--timeout", "60ms", NULL };
    struct gateway_rig *rig = gateway_rig_start(flags);
    const char *const chunks[] = { "data: \"one\"\n\n", "data: \"two\"\n\n", NULL };
    const char *bytes = chunked(&rig->memory, EVENTS, true, chunks);
    fake_upstream_reply(
        rig->upstream,
        (struct fake_reply){ .bytes = bytes, .hold = true, .hold_at = strlen(bytes) - 24 });
    struct grpc_raw_call *call = open_logs(rig, one_id);
    assert_line(call, "one");
    for (int i = 0; i < 3; i++) { /* so long that it would have come to an end */
        fake_upstream_reply(rig->upstream, (struct fake_reply){ .hold = true });
        SCOPED(grpc_raw_reply)
        struct grpc_raw_reply late = gateway_rig_call(rig, "SnapshotService/GetSnapshot", one_id);
        assert_int_equal(late.code, RPC_DEADLINE_EXCEEDED);
    }
    fake_upstream_release(rig->upstream, 0);
    assert_line(call, "two");
    assert_ends(call, RPC_OK, "");
    gateway_rig_stop(rig);
}

static void a_timeout_of_the_methods_own_does(void **state)
{
    (void)state;
    const char *flags[] = { "--method-timeout", "hypeman.v1.InstanceService/StreamLogs=200ms",
                            NULL };
    struct gateway_rig *rig = gateway_rig_start(flags);
    struct grpc_raw_call *call = open_endless(rig, 0);
    assert_ends(call, RPC_DEADLINE_EXCEEDED, "no end of the answer from");
    (void)closed_at_ns(rig, 0);
    gateway_rig_stop(rig);
}

static void a_stream_goes_on_over_a_reload(void **state)
{
    (void)state;
    struct gateway_rig *rig = gateway_rig_start(NULL);
    const char *const chunks[] = { "data: \"one\"\n\n", "data: \"two\"\n\n", NULL };
    const char *bytes = chunked(&rig->memory, EVENTS, true, chunks);
    fake_upstream_reply(
        rig->upstream,
        (struct fake_reply){ .bytes = bytes, .hold = true, .hold_at = strlen(bytes) - 24 });
    struct grpc_raw_call *call = open_logs(rig, one_id);
    assert_line(call, "one");
    assert_int_equal(kill(rig->program.pid, SIGHUP), 0);
    gateway_rig_wait_says(rig, "reloaded", 1);
    gateway_rig_assert_serves(rig); /* by the new tables: the old ones are the stream's alone */
    fake_upstream_release(rig->upstream, 0);
    assert_line(call, "two");
    assert_ends(call, RPC_OK, "");
    gateway_rig_stop(rig);
}

/* ---- Shutting down ------------------------------------------------------------------------- */

static void a_stream_may_end_well_while_the_gateway_drains(void **state)
{
    (void)state;
    struct gateway_rig *rig = gateway_rig_start(NULL);
    const char *const chunks[] = { "data: \"one\"\n\n", "data: \"two\"\n\n", NULL };
    const char *bytes = chunked(&rig->memory, EVENTS, true, chunks);
    fake_upstream_reply(
        rig->upstream,
        (struct fake_reply){ .bytes = bytes, .hold = true, .hold_at = strlen(bytes) - 24 });
    struct grpc_raw_call *call = open_logs(rig, one_id);
    assert_line(call, "one");
    assert_int_equal(kill(rig->program.pid, SIGTERM), 0);
    SCOPED(buffer) struct buffer url = buffer_capped(256);
    buffer_appendf(&url, "http://%s", rig->target);
    buffer_append_byte(&url, '\0');
    struct http_client probe;
    while (http_client_open(&probe, url.data)) /* until it accepts nothing more */
        http_client_close(&probe);
    fake_upstream_release(rig->upstream, 0);
    assert_line(call, "two");
    assert_ends(call, RPC_OK, "");
    assert_int_equal(program_wait(&rig->program), 0);
    assert_null(strstr(rig->program.output, "cancelled the calls"));
    gateway_rig_stop(rig);
}

static void at_the_drain_limit_streams_are_told(void **state)
{
    (void)state;
    const char *flags[] = { "--drain-timeout", "200ms", NULL };
    struct gateway_rig *rig = gateway_rig_start(flags);
    struct grpc_raw_call *calls[3];
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        calls[i] = open_endless(rig, 0);
    const int64_t stopped_ns = monotonic_now_ns();
    assert_int_equal(kill(rig->program.pid, SIGTERM), 0);
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        assert_ends(calls[i], RPC_UNAVAILABLE, "the gateway is shutting down");
    assert_in_range((monotonic_now_ns() - stopped_ns) / NS_PER_MS, 190, 5000);
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        (void)closed_at_ns(rig, i);
    assert_int_equal(program_wait(&rig->program), 0);
    gateway_rig_stop(rig);
}

/* ---- Back-pressure ------------------------------------------------------------------------- */

/* A server that answers one request with lines of a log, as fast as they are taken. */
struct pump {
    int listener;
    pthread_t thread;
    char url[64];
    size_t line_bytes;       /* of what is between the quotes; at least 8 digits      */
    size_t line_count;       /* then it ends; SIZE_MAX: never                         */
    atomic_size_t written;   /* bytes                                                 */
    atomic_bool has_stalled; /* it could write nothing for STALL_MS                   */
    atomic_bool is_left;     /* its client has hung up                                */
};

enum { STALL_MS = 500, SEND_BUFFER = 16 << 10 };

/* False when the client has gone. */
static bool pump_write(struct pump *pump, int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN)
            return false;
        struct pollfd ready = { .fd = fd, .events = POLLOUT };
        if (n < 0 && poll(&ready, 1, STALL_MS) == 0) {
            atomic_store(&pump->has_stalled, true);
            (void)poll(&ready, 1, -1);
        }
        bytes += n < 0 ? 0 : n;
        len -= n < 0 ? 0 : (size_t)n;
        atomic_fetch_add(&pump->written, n < 0 ? 0 : (size_t)n);
    }
    return true;
}

static void *pump_run(void *context)
{
    enum { LINES_AT_ONCE = 64 };
    struct pump *pump = context;
    char head[4096];
    const int fd = accept4(pump->listener, NULL, NULL, SOCK_CLOEXEC);
    const int room = SEND_BUFFER;
    SCOPED(buffer) struct buffer lines = buffer_capped(1 << 20);
    if (fd < 0)
        return NULL; /* nobody came */
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    (void)!read(fd, head, sizeof head);
    const char *answer = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    bool goes_on = pump_write(pump, fd, answer, strlen(answer));
    for (size_t i = 0; goes_on && i < pump->line_count;) {
        buffer_clear(&lines);
        for (int k = 0; k < LINES_AT_ONCE && i < pump->line_count; k++, i++)
            buffer_appendf(&lines, "data: \"%0*zu\"\n\n", (int)pump->line_bytes, i);
        goes_on = pump_write(pump, fd, lines.data, lines.len);
    }
    atomic_store(&pump->is_left, !goes_on);
    close(fd);
    return NULL;
}

static void pump_start(struct pump *pump)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    pump->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(pump->listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(pump->listener, 1), 0);
    assert_int_equal(getsockname(pump->listener, (struct sockaddr *)&address, &len), 0);
    (void)snprintf(pump->url, sizeof pump->url, "http://127.0.0.1:%d", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&pump->thread, NULL, pump_run, pump), 0);
}

static void pump_stop(struct pump *pump)
{
    (void)shutdown(pump->listener, SHUT_RDWR);
    pthread_join(pump->thread, NULL);
    close(pump->listener);
}

static struct gateway_rig *start_before(struct pump *pump)
{
    const char *flags[] = { "--upstream", pump->url, NULL };
    return gateway_rig_start_alone(flags);
}

/* Until nothing more can be written to the gateway. */
static void wait_stalled(struct pump *pump)
{
    while (!atomic_load(&pump->has_stalled))
        sched_yield();
}

static void assert_numbered(struct grpc_raw_call *call, size_t number, size_t line_bytes)
{
    struct text message;
    char digits[32];
    if (!grpc_raw_read(call, &message))
        fail_msg("the stream ended before line %zu", number);
    (void)snprintf(digits, sizeof digits, "%08zu", number);
    if (message.len < line_bytes + 2 || memcmp(message.data + message.len - 8, digits, 8) != 0)
        fail_msg("line %zu is " TEXT_FMT, number, TEXT_ARGS(message));
}

static void a_reader_that_stops_costs_no_memory(void **state)
{
    (void)state;
    enum { LINE = 1000, READ = 20000, GROWTH_MAX = 1 << 20 };
    struct pump pump = { .line_bytes = LINE, .line_count = SIZE_MAX };
    pump_start(&pump);
    struct gateway_rig *rig = start_before(&pump);
    struct grpc_raw_call *call = open_logs(rig, one_id);
    for (size_t i = 0; i < READ; i++)
        assert_numbered(call, i, LINE);
    const size_t before = program_memory_bytes(&rig->program);
    wait_stalled(&pump);
    const size_t after = program_memory_bytes(&rig->program);
    const size_t written = atomic_load(&pump.written);
    if (!HAS_SHADOW_MEMORY && !KEEPS_FREED_MEMORY && after > before + GROWTH_MAX)
        fail_msg("%zu bytes written; the gateway grew by %zu", written, after - before);
    print_message("%zu KiB written, %zu of them read; the gateway grew by %ld KiB\n", written >> 10,
                  (size_t)READ * LINE >> 10, ((long)after - (long)before) / 1024);
    grpc_raw_cancel(call);
    assert_ends(call, RPC_CANCELLED, "");
    pthread_join(pump.thread, NULL); /* even a paused connection is closed */
    assert_true(atomic_load(&pump.is_left));
    close(pump.listener);
    gateway_rig_stop(rig);
}

static void a_reader_that_goes_on_gets_every_line(void **state)
{
    (void)state;
    enum { LINE = 100, LINES_IN_ALL = 300000 };
    struct pump pump = { .line_bytes = LINE, .line_count = LINES_IN_ALL };
    pump_start(&pump);
    struct gateway_rig *rig = start_before(&pump);
    struct grpc_raw_call *call = open_logs(rig, one_id);
    wait_stalled(&pump);
    for (size_t i = 0; i < LINES_IN_ALL; i++)
        assert_numbered(call, i, LINE);
    assert_ends(call, RPC_OK, "");
    pump_stop(&pump);
    gateway_rig_stop(rig);
}

static void a_reader_that_stops_does_not_hold_up_the_end(void **state)
{
    (void)state;
    enum { LINE = 1000 };
    struct pump pump = { .line_bytes = LINE, .line_count = SIZE_MAX };
    pump_start(&pump);
    const char *flags[] = { "--upstream", pump.url, "--drain-timeout", "100ms", NULL };
    struct gateway_rig *rig = gateway_rig_start_alone(flags);
    struct grpc_raw_call *call = open_logs(rig, one_id);
    wait_stalled(&pump);
    const int64_t stopped_ns = monotonic_now_ns();
    assert_int_equal(program_stop(&rig->program, SIGTERM), 0);
    assert_in_range((monotonic_now_ns() - stopped_ns) / NS_PER_MS, 90, 5000);
    pump_stop(&pump);
    grpc_raw_cancel(call); /* C-core says how it ended only to who has read all that came */
    SCOPED(grpc_raw_reply) struct grpc_raw_reply end = grpc_raw_finish(call);
    assert_int_not_equal(end.code, RPC_OK);
    gateway_rig_stop(rig);
}

/* ---- With the mock ------------------------------------------------------------------------- */

static void ask(struct http_client *client, const char *method, const char *target,
                const char *json, int status)
{
    struct http_answer answer;
    assert_true(http_client_request(client, method, target, json));
    assert_true(http_client_read(client, &answer));
    assert_int_equal(answer.status, status);
    http_answer_free(&answer);
}

/* Reads until a line has these words. */
static void assert_line_with(struct grpc_raw_call *call, const char *words)
{
    struct text message;
    do {
        if (!grpc_raw_read(call, &message))
            fail_msg("the stream ended before \"%s\"", words);
    } while (memmem(message.data, message.len, words, strlen(words)) == NULL);
}

/* INST-LOG-011, INST-LOG-012, INST-LOG-016 */
static void a_log_of_the_mock_is_followed_over_a_boot(void **state)
{
    (void)state;
    struct http_client rest;
    struct gateway_rig *rig = gateway_rig_start_alone(NULL);
    const struct grpc_raw_header token = { TEXT("authorization"), TEXT("Bearer x") };
    struct grpc_raw_request request = {
        .path = STREAM_LOGS, .message = TEXT("\n\2vm"), .headers = &token, .header_count = 1
    };
    assert_true(http_client_open(&rest, rig->program.urls[rig->program.url_count - 1]));
    assert_ends(grpc_raw_open(rig->channel, &request), RPC_NOT_FOUND, "not found");
    ask(&rest, "POST", "/instances", "{\"name\":\"vm\",\"image\":\"nginx\"}", 201);
    ask(&rest, "GET", "/instances/vm/wait?state=Running", NULL, 200);

    struct grpc_raw_call *call = grpc_raw_open(rig->channel, &request);
    assert_line_with(call, "starting what the image says");
    assert_ends(call, RPC_OK, "");

    /* With the lines there are it says that it follows. */
    request.message = TEXT("\n\2vm\x18\1");
    call = grpc_raw_open(rig->channel, &request);
    assert_line_with(call, "starting what the image says");
    ask(&rest, "POST", "/instances/vm/stop", NULL, 200);
    ask(&rest, "POST", "/instances/vm/start", "{}", 200);
    assert_line_with(call, "HYPEMAN-EXIT code=143");
    assert_line_with(call, "starting what the image says");
    ask(&rest, "POST", "/instances/vm/stop", NULL, 200);
    assert_line_with(call, "HYPEMAN-EXIT code=143");
    grpc_raw_cancel(call);
    assert_ends(call, RPC_CANCELLED, "");
    http_client_close(&rest);
    gateway_rig_stop(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_in_order_and_heartbeats_are_none),
        cmocka_unit_test(the_formats_say_the_same_however_they_are_cut),
        cmocka_unit_test(a_line_arrives_before_the_next_is_there),
        cmocka_unit_test(an_answer_may_have_no_items),
        cmocka_unit_test(a_stream_that_is_cut_is_unavailable),
        cmocka_unit_test(an_error_before_the_stream_is_that_of_any_call),
        cmocka_unit_test(an_item_that_does_not_fit_ends_the_stream),
        cmocka_unit_test(an_event_named_error_ends_the_stream_as_it_says),
        cmocka_unit_test(large_items_go_through_and_too_large_ones_do_not),
        cmocka_unit_test(streams_cancelled_anywhere_leave_nothing_behind),
        cmocka_unit_test(a_cancelled_stream_closes_its_connection),
        cmocka_unit_test(a_client_that_dies_closes_its_connection),
        cmocka_unit_test(a_deadline_ends_a_stream),
        cmocka_unit_test(the_gateways_own_timeout_does_not),
        cmocka_unit_test(a_timeout_of_the_methods_own_does),
        cmocka_unit_test(a_stream_goes_on_over_a_reload),
        cmocka_unit_test(a_stream_may_end_well_while_the_gateway_drains),
        cmocka_unit_test(at_the_drain_limit_streams_are_told),
        cmocka_unit_test(a_reader_that_stops_costs_no_memory),
        cmocka_unit_test(a_reader_that_goes_on_gets_every_line),
        cmocka_unit_test(a_reader_that_stops_does_not_hold_up_the_end),
        cmocka_unit_test(a_log_of_the_mock_is_followed_over_a_boot),
    };
    return cmocka_run_group_tests(tests, gateway_rig_setup, gateway_rig_teardown);
}
