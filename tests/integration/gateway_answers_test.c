/* What a REST server may answer, right or wrong, and what the caller is told about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/base/buffer.h"
#include "tests/support/gateway_rig.h"

#define JSON "Content-Type: application/json\r\n"
#define HTML "Content-Type: text/html; charset=utf-8\r\n"

/* ---- Helpers ------------------------------------------------------------------------------- */

static const struct text one_id = TEXT("\n\2s1");

struct expected {
    enum rpc_code code;
    const char *says; /* a part of the message */
    const char *reason;
    const char *domain;
    const char *http_status;
    int64_t retry_after_s; /* 0 for none */
};

/* what  names the case when the test fails */
static void assert_ended(struct gateway_rig *rig, const struct grpc_raw_reply *reply,
                         const struct expected *expected, const char *what)
{
    struct gateway_details details;
    int64_t retry_after_s = expected->retry_after_s == 0 ? -1 : expected->retry_after_s;
    if (reply->code != (int)expected->code || strstr(reply->message, expected->says) == NULL)
        fail_msg("%s: expected %s saying \"%s\", got %s: %s", what, rpc_code_name(expected->code),
                 expected->says, rpc_code_name((enum rpc_code)reply->code), reply->message);
    if (!gateway_details_read(reply, &rig->memory, &details))
        fail_msg("%s: no grpc-status-details-bin", what);
    if (strcmp(details.reason, expected->reason) != 0 ||
        strcmp(details.domain, expected->domain) != 0 ||
        strcmp(details.http_status, expected->http_status) != 0 ||
        details.retry_after_s != retry_after_s)
        fail_msg("%s: reason \"%s\" domain \"%s\" http_status \"%s\" retry after %d s", what,
                 details.reason, details.domain, details.http_status, (int)details.retry_after_s);
}

static struct grpc_raw_reply get(struct gateway_rig *rig)
{
    return gateway_rig_call(rig, "SnapshotService/GetSnapshot", one_id);
}

static struct grpc_raw_reply post(struct gateway_rig *rig)
{
    return gateway_rig_call(rig, "SnapshotService/CreateSnapshot", one_id);
}

static struct text many(struct arena *memory, const char *head, const char *piece, size_t times,
                        const char *tail)
{
    SCOPED(buffer) struct buffer all = buffer_capped((size_t)64 << 20);
    buffer_append_cstr(&all, head);
    for (size_t i = 0; i < times; i++)
        buffer_append_cstr(&all, piece);
    buffer_append_cstr(&all, tail);
    assert_false(all.failed);
    return (struct text){ arena_copy(memory, buffer_text(&all)), all.len };
}

/* ---- Status codes -------------------------------------------------------------------------- */

static void each_http_status_has_its_code(void **state)
{
    const struct {
        int status;
        const char *headers;
        const char *body;
        struct expected expected;
    } cases[] = {
        { 400,
          JSON,
          "{\"code\":\"invalid_request\",\"message\":\"bad tag\"}",
          { RPC_INVALID_ARGUMENT, "bad tag", "invalid_request", "hypeman", "400", 0 } },
        { 401,
          JSON,
          "{\"code\":\"unauthorized\",\"message\":\"no token\"}",
          { RPC_UNAUTHENTICATED, "no token", "unauthorized", "hypeman", "401", 0 } },
        { 403,
          JSON,
          "{\"code\":\"forbidden\",\"message\":\"no scope\"}",
          { RPC_PERMISSION_DENIED, "no scope", "forbidden", "hypeman", "403", 0 } },
        { 404,
          JSON,
          "{\"code\":\"not_found\",\"message\":\"no such snapshot\"}",
          { RPC_NOT_FOUND, "no such snapshot", "not_found", "hypeman", "404", 0 } },
        { 409,
          JSON,
          "{\"code\":\"busy\",\"message\":\"try later\"}",
          { RPC_ABORTED, "try later", "busy", "hypeman", "409", 0 } },
        { 429,
          JSON "Retry-After: 7\r\n",
          "{\"code\":\"rate_limited\",\"message\":\"slow down\"}",
          { RPC_RESOURCE_EXHAUSTED, "slow down", "rate_limited", "hypeman", "429", 7 } },
        { 429,
          JSON "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\n",
          "{\"code\":\"rate_limited\",\"message\":\"slow down\"}",
          { RPC_RESOURCE_EXHAUSTED, "slow down", "rate_limited", "hypeman", "429", 0 } },
        { 500,
          JSON,
          "{\"code\":\"internal_error\",\"message\":\"disk on fire\"}",
          { RPC_INTERNAL, "disk on fire", "internal_error", "hypeman", "500", 0 } },
        { 501,
          JSON,
          "{\"code\":\"not_supported\",\"message\":\"writable volume\"}",
          { RPC_UNIMPLEMENTED, "writable volume", "not_supported", "hypeman", "501", 0 } },
        { 503,
          JSON "Retry-After: 30\r\n",
          "{\"code\":\"down\",\"message\":\"maintenance\"}",
          { RPC_UNAVAILABLE, "maintenance", "down", "hypeman", "503", 30 } },
        { 504,
          JSON,
          "{\"code\":\"timeout\",\"message\":\"too slow\"}",
          { RPC_DEADLINE_EXCEEDED, "too slow", "timeout", "hypeman", "504", 0 } },
    };
    struct gateway_rig *rig = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fake_upstream_reply(rig->upstream, http_answer(&rig->memory, cases[i].status,
                                                       cases[i].headers, text_of(cases[i].body)));
        SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = get(rig);
        assert_ended(rig, &reply, &cases[i].expected, cases[i].expected.http_status);
    }
}

/* Decision 3. What the table is, its unit test knows. */
static void every_status_from_200_to_599_has_the_code_of_the_table(void **state)
{
    struct gateway_rig *rig = *state;
    for (int status = 200; status < 600; status++) {
        const enum rpc_code expected = rpc_code_from_http(status);
        fake_upstream_reply(rig->upstream,
                            http_answer(&rig->memory, status, JSON,
                                        status == 204 || status == 304 ? TEXT("") : TEXT("{}")));
        SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = get(rig);
        if (reply.code != (int)expected)
            fail_msg("%d: %s instead of %s", status, rpc_code_name((enum rpc_code)reply.code),
                     rpc_code_name(expected));
    }
}

/* They announce another answer, which is the one that counts. */
static void statuses_below_200_are_passed_over(void **state)
{
    struct gateway_rig *rig = *state;
    for (int status = 100; status < 200; status++) {
        if (status == 101)
            continue; /* has a meaning of its own, below */
        const char *answer = arena_printf(&rig->memory,
                                          "HTTP/1.1 %d Interim\r\nRetry-After: 9\r\n\r\n"
                                          "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}",
                                          status);
        fake_upstream_reply(rig->upstream, (struct fake_reply){ .bytes = answer });
        SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = get(rig);
        if (reply.code != RPC_NOT_FOUND)
            fail_msg("%d: %s: %s", status, rpc_code_name((enum rpc_code)reply.code), reply.message);
    }
}

/* To a protocol nobody asked for. */
static void switching_protocols_is_no_answer(void **state)
{
    struct gateway_rig *rig = *state;
    fake_upstream_reply(rig->upstream,
                        (struct fake_reply){ .bytes = "HTTP/1.1 101 Switching Protocols\r\n"
                                                      "Upgrade: other\r\n\r\nwhatever",
                                             .end = FAKE_CLOSE });
    SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = get(rig);
    if (reply.code == RPC_OK)
        fail_msg("an upgrade counted as a reply");
    gateway_rig_assert_serves(rig);
}

static void the_details_name_the_method(void **state)
{
    struct gateway_rig *rig = *state;
    struct gateway_details details;
    fake_upstream_answer(rig->upstream, 404, "{\"code\":\"not_found\",\"message\":\"no\"}");
    SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = get(rig);
    assert_true(gateway_details_read(&reply, &rig->memory, &details));
    assert_string_equal(details.method, "hypeman.v1.SnapshotService.GetSnapshot");
}

/* 409 says too little by itself; the .proto has rules for what hypeman means by it. */
static void a_conflict_is_told_apart_by_its_reason_and_message(void **state)
{
    const struct {
        const char *body;
        enum rpc_code code;
        const char *reason;
    } cases[] = {
        { "{\"code\":\"conflict\",\"message\":\"instance already exists: nightly\"}",
          RPC_ALREADY_EXISTS, "conflict" },
        { "{\"message\":\"instance already exists: nightly\",\"code\":\"conflict\"}",
          RPC_ALREADY_EXISTS, "conflict" },
        { "{\"code\":\"conflict\",\"message\":\"instance is Running\"}", RPC_FAILED_PRECONDITION,
          "conflict" },
        { "{\"code\":\"ambiguous\",\"message\":\"two of them\"}", RPC_FAILED_PRECONDITION,
          "ambiguous" },
        { "{\"code\":\"else\",\"message\":\"instance already exists: nightly\"}", RPC_ABORTED,
          "else" },
    };
    struct gateway_rig *rig = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fake_upstream_answer(rig->upstream, 409, cases[i].body);
        SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = post(rig);
        const struct expected expected = {
            cases[i].code, "", cases[i].reason, "hypeman", "409", 0
        };
        assert_ended(rig, &reply, &expected, cases[i].body);
    }
}

/* The real server pastes its validator's text between quotes as it is, which makes it no JSON
 * (VALID-002). */
static void the_validators_broken_json_is_understood(void **state)
{
    struct gateway_rig *rig = *state;
    fake_upstream_reply(
        rig->upstream,
        http_answer(&rig->memory, 400, JSON,
                    TEXT("{\"code\":\"Bad Request\",\"message\":\"request body has an error: "
                         "doesn't match schema: Error at \"/name\": maximum string length is "
                         "63\"}\n")));
    SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = post(rig);
    const struct expected expected = { RPC_INVALID_ARGUMENT,
                                       "Error at \"/name\": maximum string length is 63",
                                       "Bad Request",
                                       "hypeman",
                                       "400",
                                       0 };
    assert_ended(rig, &reply, &expected, "validator");
}

static void a_redirect_is_not_followed(void **state)
{
    struct gateway_rig *rig = *state;
    size_t before = fake_upstream_request_count(rig->upstream);
    const char *headers =
        arena_printf(&rig->memory, "Location: %s/elsewhere\r\n", fake_upstream_url(rig->upstream));
    fake_upstream_reply(rig->upstream, http_answer(&rig->memory, 302, headers, TEXT("")));
    SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = get(rig);
    const struct expected expected = { RPC_UNKNOWN, "302", "HTTP_302", "hypeman", "302", 0 };
    assert_ended(rig, &reply, &expected, "302");
    assert_int_equal(fake_upstream_request_count(rig->upstream), before + 1);
}

/* ---- Error bodies -------------------------------------------------------------------------- */

static void an_error_body_that_is_no_json_still_gives_its_code(void **state)
{
    const struct {
        int status;
        const char *headers;
        const char *body;
        struct expected expected;
    } cases[] = {
        { 502,
          HTML,
          "<html><h1>Bad Gateway</h1></html>",
          { RPC_UNAVAILABLE, "502 Bad Gateway: <html><h1>Bad Gateway</h1></html>", "HTTP_502",
            "hypeman", "502", 0 } },
        { 404,
          "",
          "404 page not found\n",
          { RPC_NOT_FOUND, "404 Not Found: 404 page not found", "HTTP_404", "hypeman", "404", 0 } },
        { 500,
          JSON,
          "",
          { RPC_INTERNAL, "500 Internal Server Error", "HTTP_500", "hypeman", "500", 0 } },
        { 500, JSON, "[1,2]", { RPC_INTERNAL, "500", "HTTP_500", "hypeman", "500", 0 } },
        { 500,
          JSON,
          "{\"code\":7,\"message\":{\"x\":1}}",
          { RPC_INTERNAL, "500", "HTTP_500", "hypeman", "500", 0 } },
        { 503, JSON, "{\"code\":\"x", { RPC_UNAVAILABLE, "503", "HTTP_503", "hypeman", "503", 0 } },
        { 400,
          JSON,
          "{\"code\":\"",
          { RPC_INVALID_ARGUMENT, "400", "HTTP_400", "hypeman", "400", 0 } },
    };
    struct gateway_rig *rig = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fake_upstream_reply(rig->upstream, http_answer(&rig->memory, cases[i].status,
                                                       cases[i].headers, text_of(cases[i].body)));
        SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = get(rig);
        assert_ended(rig, &reply, &cases[i].expected, cases[i].expected.says);
    }
}

/* Trailers above 8 KiB would reach the client as RESOURCE_EXHAUSTED. */
static void a_huge_error_body_keeps_its_own_code(void **state)
{
    struct gateway_rig *rig = *state;
    const struct {
        struct text body;
        const char *reason;
    } cases[] = {
        { many(&rig->memory, "{\"code\":\"not_found\",\"message\":\"", "m", 100000, "\"}"),
          "not_found" },
        { many(&rig->memory, "{\"code\":\"not_found\",\"message\":\"", "\xC3\xA9", 50000, "\"}"),
          "not_found" },
        { many(&rig->memory, "{\"code\":\"not_found\",\"message\":\"", "\\u00e9", 20000, "\"}"),
          "not_found" },
        { many(&rig->memory, "{\"details\":[", "{\"a\":[1,2,3]},", 8000,
               "0],\"code\":\"not_found\",\"message\":\"no\"}"),
          "not_found" },
        { many(&rig->memory, "<html>", "\xE2\x82\xAC", 35000, "</html>"), "HTTP_404" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *what = arena_printf(&rig->memory, "case %zu", i);
        fake_upstream_reply(rig->upstream, http_answer(&rig->memory, 404, JSON, cases[i].body));
        SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = get(rig);
        const struct expected expected = {
            RPC_NOT_FOUND, "", cases[i].reason, "hypeman", "404", 0
        };
        assert_ended(rig, &reply, &expected, what);
        assert_true(strlen(reply.message) <= RPC_MESSAGE_MAX);
        assert_true(text_is_utf8(text_of(reply.message)));
    }
}

static void an_error_in_bytes_that_are_no_text_keeps_its_code(void **state)
{
    struct gateway_rig *rig = *state;
    const struct text bodies[] = {
        TEXT("{\"code\":\"a\xff\xfe\",\"message\":\"b\xff\"}"),
        TEXT("{\"code\":\"a\xff\",\"message\":\"say \"b\xff\"\"}"),
        TEXT("\xff\xff\xff\0\0"),
        many(&rig->memory, "{\"code\":\"", "\xC3\xA9", 200, "\",\"message\":\"x\"}"),
        many(&rig->memory, "{\"code\":\"x", "\xC3\xA9", 200, "\",\"message\":\"x\"}"),
        TEXT("{\"code\":\"a\\u0000b\",\"message\":\"c\\u0000d\\n\\u0007\"}"),
    };
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct gateway_details details;
        struct fake_reply answer = http_answer(&rig->memory, 404, JSON, bodies[i]);
        fake_upstream_reply(rig->upstream, answer);
        SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = get(rig);
        if (reply.code != RPC_NOT_FOUND)
            fail_msg("case %zu: %s: %s", i, rpc_code_name((enum rpc_code)reply.code),
                     reply.message);
        assert_true(gateway_details_read(&reply, &rig->memory, &details));
    }
}

/* ---- Good answers -------------------------------------------------------------------------- */

static void an_answer_without_a_body_is_an_empty_message(void **state)
{
    struct gateway_rig *rig = *state;
    const struct fake_reply answers[] = {
        http_answer(&rig->memory, 200, JSON, TEXT("")),
        http_answer(&rig->memory, 200, "", TEXT("")),
        { .bytes = "HTTP/1.1 204 No Content\r\n\r\n" },
        { .bytes = "HTTP/1.1 204 No Content\r\nContent-Type: text/html\r\n\r\n" },
        { .bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
        { .bytes = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", .end = FAKE_CLOSE },
        http_answer(&rig->memory, 200, JSON, TEXT("null")),
        http_answer(&rig->memory, 200, JSON, TEXT("{}")),
    };
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        fake_upstream_reply(rig->upstream, answers[i]);
        SCOPED(grpc_raw_reply)
        struct grpc_raw_reply reply =
            gateway_rig_call(rig, "SnapshotService/DeleteSnapshot", one_id);
        if (reply.code != RPC_OK)
            fail_msg("case %zu: %s: %s", i, rpc_code_name((enum rpc_code)reply.code),
                     reply.message);
        assert_true(reply.has_body);
        assert_int_equal(reply.body.len, 0);
    }
}

static void a_bare_array_is_a_list(void **state)
{
    struct gateway_rig *rig = *state;
    const struct {
        struct text json;
        size_t wire_len;
    } cases[] = {
        { TEXT("[]"), 0 },
        { TEXT("[{\"id\":\"s1\"}]"), 6 },
        { many(&rig->memory, "[", "{\"id\":\"s1\"},", 9999, "{\"id\":\"s1\"}]"), 60000 },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fake_upstream_reply(rig->upstream, http_answer(&rig->memory, 200, JSON, cases[i].json));
        SCOPED(grpc_raw_reply)
        struct grpc_raw_reply reply =
            gateway_rig_call(rig, "SnapshotService/ListSnapshots", TEXT(""));
        assert_int_equal(reply.code, RPC_OK);
        assert_int_equal(reply.body.len, cases[i].wire_len);
    }
}

static void how_the_bytes_arrive_does_not_matter(void **state)
{
    struct gateway_rig *rig = *state;
    const struct fake_reply answers[] = {
        { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"id\":\"s1\"}", .drip = true },
        { .bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "4\r\n{\"id\r\n7\r\n\":\"s1\"}\r\n0\r\n\r\n" },
        { .bytes = "HTTP/1.0 200 OK\r\n\r\n{\"id\":\"s1\"}", .end = FAKE_CLOSE },
        { .bytes = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: "
                   "11\r\n\r\n{\"id\":\"s1\"}" },
        { .bytes = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.x+json\r\nContent-Length: "
                   "11\r\n\r\n{\"id\":\"s1\"}" },
    };
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        fake_upstream_reply(rig->upstream, answers[i]);
        SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = get(rig);
        if (reply.code != RPC_OK || !text_equal(reply.body, one_id))
            fail_msg("case %zu: %s: %s", i, rpc_code_name((enum rpc_code)reply.code),
                     reply.message);
    }
}

/* ---- Answers that make no sense ------------------------------------------------------------ */

static void a_good_status_with_nonsense_is_internal(void **state)
{
    const struct {
        const char *headers;
        const char *body;
        const char *says;
    } cases[] = {
        { HTML, "<html>Hello</html>", "text/html" },
        { JSON, "<html>Hello</html>", "GetSnapshot" },
        { JSON, "{\"id\":\"s1\"", "GetSnapshot" },
        { JSON, "{\"id\":\"s1\"} {}", "GetSnapshot" },
        { JSON, "{\"id\":7}", "id" },
        { JSON, "{\"size_bytes\":\"many\"}", "size_bytes" },
        { JSON, "{\"size_bytes\":9223372036854775808}", "size_bytes" },
        { JSON, "{\"compression\":{\"level\":1.5}}", "compression.level" },
        { JSON, "{\"tags\":{\"a\":1}}", "tags" },
        { JSON, "{\"created_at\":\"yesterday\"}", "created_at" },
        { JSON, "[]", "GetSnapshot" },
        { JSON, "\"text\"", "GetSnapshot" },
        { JSON, "{\"id\":\"a\",\"id\":\"b\"}", "id" },
    };
    struct gateway_rig *rig = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fake_upstream_reply(rig->upstream, http_answer(&rig->memory, 200, cases[i].headers,
                                                       text_of(cases[i].body)));
        SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = get(rig);
        const struct expected expected = { RPC_INTERNAL, cases[i].says,
                                           "INTERNAL",   "hypeman-gateway",
                                           "",           0 };
        assert_ended(rig, &reply, &expected, cases[i].body);
    }
    gateway_rig_assert_serves(rig);
}

static void json_nested_without_end_is_refused(void **state)
{
    struct gateway_rig *rig = *state;
    const struct text bodies[] = {
        many(&rig->memory, "{\"unknown\":", "[", 100000, ""),
        many(&rig->memory, "{\"unknown\":", "{\"a\":", 100000, ""),
        many(&rig->memory, "", "[", 100000, ""),
    };
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        for (int status = 200; status <= 400; status += 200) {
            fake_upstream_reply(rig->upstream, http_answer(&rig->memory, status, JSON, bodies[i]));
            SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = get(rig);
            assert_true(reply.code != RPC_OK);
        }
        gateway_rig_assert_serves(rig);
    }
}

static void an_answer_above_sixteen_mebibytes_is_too_large(void **state)
{
    struct gateway_rig *rig = *state;
    struct text body =
        many(&rig->memory, "{\"name\":\"", "0123456789abcdef", ((size_t)16 << 20) / 16, "\"}");
    const struct fake_reply answers[] = {
        http_answer(&rig->memory, 200, JSON, body),
        { .bytes = arena_printf(&rig->memory, "HTTP/1.1 200 OK\r\n\r\n%s", body.data),
          .end = FAKE_CLOSE },
        { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{" },
        http_answer(&rig->memory, 500, JSON, body),
    };
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        fake_upstream_reply(rig->upstream, answers[i]);
        SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = get(rig);
        const struct expected expected = {
            RPC_RESOURCE_EXHAUSTED, "larger than", "RESOURCE_EXHAUSTED", "hypeman-gateway", "", 0
        };
        assert_ended(rig, &reply, &expected, arena_printf(&rig->memory, "case %zu", i));
        gateway_rig_assert_serves(rig);
    }
}

/* ---- No answer ----------------------------------------------------------------------------- */

static void a_write_that_is_not_answered_is_sent_once(void **state)
{
    const struct {
        const char *what;
        struct fake_reply reply;
    } cases[] = {
        { "closes", { .end = FAKE_CLOSE } },
        { "resets", { .end = FAKE_RESET } },
        { "closes in the head", { .bytes = "HTTP/1.1 201 Cre", .end = FAKE_CLOSE } },
        { "closes in the body",
          { .bytes = "HTTP/1.1 201 Created\r\nContent-Length: 50\r\n\r\n{\"id\":",
            .end = FAKE_CLOSE } },
    };
    const char *const methods[] = { "SnapshotService/CreateSnapshot",
                                    "SnapshotService/DeleteSnapshot",
                                    "SnapshotService/SetSnapshotSchedule",
                                    "InstanceService/UpdateInstance" };
    struct gateway_rig *rig = *state;
    const struct expected expected = {
        RPC_UNAVAILABLE, "may have been", "OUTCOME_UNKNOWN", "hypeman-gateway", "", 0
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (size_t m = 0; m < ARRAY_LEN(methods); m++) {
            gateway_rig_assert_serves(rig); /* so that a connection is there to be used again */
            size_t before = fake_upstream_request_count(rig->upstream);
            fake_upstream_reply(rig->upstream, cases[i].reply);
            SCOPED(grpc_raw_reply)
            struct grpc_raw_reply reply = gateway_rig_call(rig, methods[m], one_id);
            assert_ended(rig, &reply, &expected, cases[i].what);
            assert_int_equal(fake_upstream_request_count(rig->upstream), before + 1);
        }
    }
}

static void a_read_that_is_not_answered_may_be_asked_again(void **state)
{
    struct gateway_rig *rig = *state;
    const struct fake_reply replies[] = {
        { .end = FAKE_CLOSE },
        { .end = FAKE_RESET },
        { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"id\":", .end = FAKE_CLOSE },
    };
    const struct expected expected = { RPC_UNAVAILABLE,   "127.0.0.1", "UNAVAILABLE",
                                       "hypeman-gateway", "",          0 };
    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        fake_upstream_otherwise(rig->upstream, replies[i]); /* however often it asks */
        SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = get(rig);
        assert_ended(rig, &reply, &expected, arena_printf(&rig->memory, "case %zu", i));
        assert_null(strstr(reply.message, "may have been"));
    }
    fake_upstream_otherwise(rig->upstream, http_answer(&rig->memory, 200, JSON, TEXT("{}")));
    gateway_rig_assert_serves(rig);
}

static void bytes_that_are_no_http_are_internal(void **state)
{
    struct gateway_rig *rig = *state;
    const struct fake_reply replies[] = {
        { .bytes = "SSH-2.0-OpenSSH_9.2\r\n", .end = FAKE_CLOSE },
        { .bytes = "\x15\x03\x01\0\2\2\x46", .len = 7, .end = FAKE_CLOSE },
        { .bytes = "HTTP/9.9 200 OK\r\n\r\n", .end = FAKE_CLOSE },
        { .bytes = "\r\n\r\n\r\n\r\n", .end = FAKE_CLOSE },
    };
    const struct expected expected = { RPC_INTERNAL, "is not HTTP",
                                       "INTERNAL",   "hypeman-gateway",
                                       "",           0 };
    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        fake_upstream_reply(rig->upstream, replies[i]);
        SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = get(rig);
        assert_ended(rig, &reply, &expected, arena_printf(&rig->memory, "case %zu", i));
        gateway_rig_assert_serves(rig);
    }
}

static void a_server_that_is_not_there_is_unavailable(void **state)
{
    (void)state;
    struct gateway_rig *rig = gateway_rig_start(NULL);
    const struct expected expected = {
        RPC_UNAVAILABLE, "connection refused", "UNAVAILABLE", "hypeman-gateway", "", 0
    };
    fake_upstream_stop_listening(rig->upstream);
    SCOPED(grpc_raw_reply) struct grpc_raw_reply read = get(rig);
    assert_ended(rig, &read, &expected, "GET");
    SCOPED(grpc_raw_reply) struct grpc_raw_reply written = post(rig);
    assert_ended(rig, &written, &expected, "POST"); /* certainly not carried out */
    assert_null(strstr(written.message, "may have been"));
    gateway_rig_stop(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_http_status_has_its_code),
        cmocka_unit_test(every_status_from_200_to_599_has_the_code_of_the_table),
        cmocka_unit_test(statuses_below_200_are_passed_over),
        cmocka_unit_test(switching_protocols_is_no_answer),
        cmocka_unit_test(the_details_name_the_method),
        cmocka_unit_test(a_conflict_is_told_apart_by_its_reason_and_message),
        cmocka_unit_test(the_validators_broken_json_is_understood),
        cmocka_unit_test(a_redirect_is_not_followed),
        cmocka_unit_test(an_error_body_that_is_no_json_still_gives_its_code),
        cmocka_unit_test(a_huge_error_body_keeps_its_own_code),
        cmocka_unit_test(an_error_in_bytes_that_are_no_text_keeps_its_code),
        cmocka_unit_test(an_answer_without_a_body_is_an_empty_message),
        cmocka_unit_test(a_bare_array_is_a_list),
        cmocka_unit_test(how_the_bytes_arrive_does_not_matter),
        cmocka_unit_test(a_good_status_with_nonsense_is_internal),
        cmocka_unit_test(json_nested_without_end_is_refused),
        cmocka_unit_test(an_answer_above_sixteen_mebibytes_is_too_large),
        cmocka_unit_test(a_write_that_is_not_answered_is_sent_once),
        cmocka_unit_test(a_read_that_is_not_answered_may_be_asked_again),
        cmocka_unit_test(bytes_that_are_no_http_are_internal),
        cmocka_unit_test(a_server_that_is_not_there_is_unavailable),
    };
    return cmocka_run_group_tests(tests, gateway_rig_setup, gateway_rig_teardown);
}
