#include "tests/unit/common/check.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/json/json_document.h"
#include "common/program/read_file.h"
#include "conformance/rpc/answer.h"
#include "conformance/rpc/codec.h"
#include "conformance/rpc/request.h"

enum { ARENA_MAX = 1 << 20 };

static struct rpc_api api;

static int load(void **state)
{
    SCOPED(buffer) struct buffer set = buffer_capped(ARENA_MAX * 4);
    struct error err = { 0 };

    (void)state;
    if (read_file(HYPEMAN_DESCRIPTOR_SET, set.max, &set, &err) &&
        rpc_api_load(buffer_text(&set), &api, &err))
        return 0;
    print_error("%s\n", err.message);
    return -1;
}

static int unload(void **state)
{
    (void)state;
    rpc_api_fini(&api);
    return 0;
}

/* "0a 01" */
static void append_hex(struct buffer *out, const char *hex)
{
    struct text rest = text_of(hex);

    while (rest.len > 0) {
        const struct text byte = text_split(&rest, ' ');
        static const char digits[] = "0123456789abcdef";
        assert_int_equal(byte.len, 2);
        buffer_append_byte(out, (uint8_t)((strchr(digits, byte.data[0]) - digits) << 4 |
                                          (strchr(digits, byte.data[1]) - digits)));
    }
}

static const struct rpc_method *method_named(const char *path)
{
    for (size_t i = 0; i < api.method_count; i++) {
        if (strcmp(api.methods[i].path, path) == 0)
            return &api.methods[i];
    }
    fail_msg("there is no %s", path);
    return NULL;
}

static void assert_json(const json_t *got, const char *expected)
{
    SCOPED(buffer) struct buffer shown = buffer_capped(ARENA_MAX);
    struct error err = { 0 };
    json_auto_t *wanted = NULL;

    (void)json_document_append(&shown, got);
    assert_true(json_document_load(text_of(expected), false, &wanted, &err));
    if (!json_equal(wanted, got))
        fail_msg(TEXT_FMT " is not %s", TEXT_ARGS(buffer_text(&shown)), expected);
}

static void the_api_is_what_proto_says(void **state)
{
    (void)state;
    static const struct {
        const char *verb, *path, *method; /* NULL: none */
    } rows[] = {
        { "GET", "/snapshots", "/hypeman.v1.SnapshotService/ListSnapshots" },
        { "GET", "/snapshots/a%2Fb", "/hypeman.v1.SnapshotService/GetSnapshot" },
        { "POST", "/instances/a/snapshots/b/restore",
          "/hypeman.v1.SnapshotService/RestoreSnapshot" },
        { "PATCH", "/instances/a", "/hypeman.v1.InstanceService/UpdateInstance" },
        { "PUT", "/snapshots", NULL },
        { "GET", "/snapshots/", NULL },
        { "GET", "/health", NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct text captures[PATH_TEMPLATE_MAX_VARIABLES];
        const struct rpc_method *found =
            rpc_api_find(&api, rows[i].verb, text_of(rows[i].path), captures);
        assert_true((found == NULL) == (rows[i].method == NULL));
        if (found != NULL)
            assert_string_equal(found->path, rows[i].method);
    }
    for (size_t i = 0; i < api.method_count; i++) {
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(api.methods[i].path, api.methods[k].path);
    }
    assert_true(method_named("/hypeman.v1.InstanceService/StreamLogs")->streams);
    assert_string_equal(method_named("/hypeman.v1.SnapshotService/ListSnapshots")->whole->name,
                        "snapshots");
}

static void a_descriptor_set_that_is_none_is_refused(void **state)
{
    (void)state;
    static const struct {
        struct text bytes;
        const char *message;
    } rows[] = {
        { TEXT("\xff"), "this is no descriptor set" },
        { TEXT(""), "the descriptor set has no method" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rpc_api none = { 0 };
        struct error err = { 0 };
        assert_false(rpc_api_load(rows[i].bytes, &none, &err));
        assert_error(err, ERROR_INVALID_ARGUMENT, rows[i].message);
        rpc_api_fini(&none);
    }
}

static bool make(const char *method, const char *target, const char *body, struct arena *arena,
                 struct rpc_request *out, struct error *err)
{
    const struct http_header headers[] = {
        { TEXT("Authorization"), TEXT("Bearer x") },
        { TEXT("Content-Type"), TEXT("application/json") },
    };
    const struct transport_request request = { .method = method,
                                               .target = target,
                                               .headers = headers,
                                               .header_count = body == NULL ? 1 : 2,
                                               .body = text_of(body) };
    return rpc_request_make(&api, &request, arena, out, err);
}

static void a_request_in_rest_terms_is_the_message_of_its_rpc(void **state)
{
    (void)state;
    static const struct {
        const char *method, *target, *body; /* body NULL: none */
        const char *rpc, *wire;
    } rows[] = {
        { "GET", "/snapshots", NULL, "/hypeman.v1.SnapshotService/ListSnapshots", "" },
        { "GET", "/instances/a%20b", NULL, "/hypeman.v1.InstanceService/GetInstance",
          "0a 03 61 20 62" },
        /* an optional text may be empty */
        { "POST", "/instances/a/snapshots", "{\"kind\":\"Stopped\",\"name\":\"\"}",
          "/hypeman.v1.SnapshotService/CreateSnapshot", "10 02 1a 00 0a 01 61" },
        /* optional numbers, also negative ones, in a message inside */
        { "POST", "/instances/a/snapshots", "{\"compression\":{\"enabled\":false,\"level\":-1}}",
          "/hypeman.v1.SnapshotService/CreateSnapshot",
          "2a 0d 08 00 18 ff ff ff ff ff ff ff ff ff 01 0a 01 61" },
        { "POST", "/instances/a/snapshots", "{\"tags\":{\"k\":\"\"}}",
          "/hypeman.v1.SnapshotService/CreateSnapshot", "22 05 0a 01 6b 12 00 0a 01 61" },
        /* durations, lists of numbers in one piece */
        { "PATCH", "/instances/a",
          "{\"auto_standby\":{\"idle_timeout\":\"1m0.5s\",\"ignore_destination_ports\":[1,300]}}",
          "/hypeman.v1.InstanceService/UpdateInstance",
          "1a 0f 12 08 08 3c 10 80 ca b5 ee 01 22 03 01 ac 02 0a 01 61" },
        { "PATCH", "/instances/a", "{\"expires_at\":\"1970-01-01T01:00:01+01:00\"}",
          "/hypeman.v1.InstanceService/UpdateInstance", "3a 02 08 01 0a 01 61" },
        /* queries */
        { "GET", "/snapshots?kind=Standby&tags[a]=b+c&name=", NULL,
          "/hypeman.v1.SnapshotService/ListSnapshots",
          "10 01 22 08 0a 01 61 12 03 62 20 63 1a 00" },
        { "GET", "/instances/a/logs?tail=0&follow=false", NULL,
          "/hypeman.v1.InstanceService/StreamLogs", "0a 01 61 10 00 18 00" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(arena) struct arena arena = arena_capped(ARENA_MAX);
        SCOPED(buffer) struct buffer wire = buffer_capped(ARENA_MAX);
        struct rpc_request made = { 0 };
        struct error err = { 0 };
        if (!make(rows[i].method, rows[i].target, rows[i].body, &arena, &made, &err))
            fail_msg("%s", err.message);
        append_hex(&wire, rows[i].wire);
        assert_string_equal(made.method->path, rows[i].rpc);
        assert_int_equal(made.wire.len, wire.len);
        if (wire.len > 0)
            assert_memory_equal(made.wire.data, wire.data, wire.len);
        assert_int_equal(made.metadata_count, 1);
        assert_text(made.metadata[0].name, "authorization");
        assert_text(made.metadata[0].value, "Bearer x");
        buffer_fini(&made.wire);
    }
}

static void what_no_call_says_is_named(void **state)
{
    (void)state;
#define SNAPSHOTS "POST", "/instances/a/snapshots"
    static const struct {
        const char *method, *target, *body;
        const char *message;
    } rows[] = {
        { "GET", "/x", NULL, "no RPC is GET /x" },
        { "GET", "/snapshots/%2e%2E", NULL,
          "snapshot_id: has a value that is no segment of a path" },
        { "GET", "/snapshots/%zz", NULL, "snapshot_id: has a value that is no segment of a path" },
        { "GET", "/snapshots/%ff", NULL,
          "snapshot_id: has no value that a message of its type gives" },
        { "POST", "/instances/a/stop", "{}",
          "/hypeman.v1.InstanceService/StopInstance: the RPC takes no body" },
        { SNAPSHOTS "?kind=Stopped", "{}", "kind=Stopped: the RPC takes no query" },
        { SNAPSHOTS, "[]", "the body: is no object" },
        { SNAPSHOTS, "{", "the body: is no object" },
        { SNAPSHOTS, "{\"x\":1}", "hypeman.v1.CreateSnapshotRequest has no field \"x\"" },
        { SNAPSHOTS, "{\"instance_id\":\"b\"}", "instance_id: is given twice" },
        { SNAPSHOTS, "{\"name\":null}", "name: null is the same as nothing in a message" },
        { SNAPSHOTS, "{\"tags\":{}}", "tags: {} is the same as nothing in a message" },
        { SNAPSHOTS, "{\"tags\":[]}", "tags: [] is the same as nothing in a message" },
        { SNAPSHOTS, "{\"tags\":{\"a\":1}}", "tags: 1 is no string" },
        { SNAPSHOTS, "{\"name\":1}", "name: 1 is no string" },
        { SNAPSHOTS, "{\"kind\":\"x\"}", "kind: hypeman.v1.SnapshotKind: \"x\" is no value" },
        { SNAPSHOTS, "{\"kind\":\"\"}", "kind: \"\" is the same as nothing in a message" },
        { SNAPSHOTS, "{\"compression\":1}", "compression: 1 is no object" },
        { SNAPSHOTS, "{\"compression\":{\"level\":1.0}}", "compression: level: 1.0 is no int32" },
        { SNAPSHOTS, "{\"compression\":{\"level\":2147483648}}",
          "compression: level: 2147483648 is no int32" },
        { SNAPSHOTS, "{\"compression\":{\"enabled\":\"x\"}}",
          "compression: enabled: \"x\" is no bool" },
        { "POST", "/instances", "{\"ttl\":\"1d\"}", "ttl: \"1d\" is no duration" },
        { "POST", "/instances", "{\"expires_at\":\"now\"}", "expires_at: \"now\" is no timestamp" },
        { "POST", "/instances", "{\"cmd\":\"sh\"}", "cmd: \"sh\" is no list" },
        { "POST", "/instances", "{\"name\":\"\"}",
          "name: \"\" is the same as nothing in a message" },
        { "GET", "/snapshots?x=1", NULL, "x: is no parameter of the RPC" },
        { "GET", "/snapshots?name", NULL, "name: is no pair of a query" },
        { "GET", "/snapshots?name=%zz", NULL, "name=%zz: is no pair of a query" },
        { "GET", "/snapshots?name=a&name=b", NULL, "name: is given twice" },
        { "GET", "/snapshots?tags[a]=1&tags[a]=2", NULL, "a: is given twice" },
        { "GET", "/instances/a/logs?tail=01", NULL,
          "tail: has no value that a message of its type gives" },
        { "GET", "/instances/a/logs?follow=1", NULL,
          "follow: has no value that a message of its type gives" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(arena) struct arena arena = arena_capped(ARENA_MAX);
        struct rpc_request made = { 0 };
        struct error err = { 0 };
        assert_false(make(rows[i].method, rows[i].target, rows[i].body, &arena, &made, &err));
        assert_error(err, ERROR_NOT_SUPPORTED, rows[i].message);
    }
}

static void headers_go_along_as_metadata_or_not_at_all(void **state)
{
    (void)state;
    static const struct {
        struct http_header header;
        bool with_body;
        const char *message; /* NULL: it goes */
    } rows[] = {
        { { TEXT("X-Mock-World"), TEXT("w") }, false, NULL },
        { { TEXT("content-type"), TEXT("application/json") }, true, NULL },
        { { TEXT("Content-Type"), TEXT("text/plain") },
          true,
          "Content-Type: is a header that does not go along as it is" },
        { { TEXT("X-Request-Id"), TEXT("r") }, true, "Content-Type: a message always has a type" },
        { { TEXT("Accept"), TEXT("*/*") },
          false,
          "Accept: is a header that does not go along as it is" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(arena) struct arena arena = arena_capped(ARENA_MAX);
        const struct transport_request request = { .method = "POST",
                                                   .target = "/instances/a/fork",
                                                   .headers = &rows[i].header,
                                                   .header_count = 1,
                                                   .body =
                                                       text_of(rows[i].with_body ? "{}" : NULL) };
        struct rpc_request made = { 0 };
        struct error err = { 0 };
        bool ok = rpc_request_make(&api, &request, &arena, &made, &err);
        assert_int_equal(ok, rows[i].message == NULL);
        if (!ok)
            assert_error(err, ERROR_NOT_SUPPORTED, rows[i].message);
        buffer_fini(&made.wire);
    }
}

static void a_reply_is_the_answer_of_rest(void **state)
{
    (void)state;
    static const struct {
        const char *method, *wire;
        const char *body; /* NULL: none */
        int status;
        const char *failure; /* NULL: none */
    } rows[] = {
        { "/hypeman.v1.SnapshotService/DeleteSnapshot", "", NULL, 204, NULL },
        /* zeros where the .proto cannot tell them from nothing, and nothing where it can */
        { "/hypeman.v1.SnapshotService/GetSnapshot",
          "0a 01 61 12 00 18 02 42 04 08 01 10 01 48 80 80 80 80 20",
          "{\"id\":\"a\",\"name\":\"\",\"kind\":\"Stopped\",\"tags\":{},\"source_instance_id\":"
          "\"\","
          "\"source_instance_name\":\"\",\"created_at\":\"1970-01-01T00:00:01.000000001Z\","
          "\"size_bytes\":8589934592}",
          200, NULL },
        { "/hypeman.v1.SnapshotService/ListSnapshots", "", "[]", 200, NULL },
        { "/hypeman.v1.InstanceService/GetInstanceStats",
          "19 00 00 00 00 00 00 f8 3f 51 00 00 00 00 00 00 00 00",
          "{\"instance_id\":\"\",\"instance_name\":\"\",\"cpu_seconds\":1.5,\"memory_rss_bytes\":0,"
          "\"memory_vms_bytes\":0,\"network_rx_bytes\":0,\"network_tx_bytes\":0,"
          "\"allocated_vcpus\":0,\"allocated_memory_bytes\":0,\"memory_utilization_ratio\":0}",
          200, NULL },
        { "/hypeman.v1.InstanceService/HoldAutoStandby", "42 02 08 5a",
          "{\"supported\":false,\"configured\":false,\"enabled\":false,\"eligible\":false,"
          "\"active_inbound_connections\":0,\"idle_timeout\":\"1m30s\",\"tracking_mode\":\"\"}",
          200, NULL },
        { "/hypeman.v1.InstanceService/StreamLogs", "0a 01 22", NULL, 200, NULL },
        { "/hypeman.v1.SnapshotService/GetSnapshot", "0a 02 61", NULL, 0,
          "hypeman.v1.Snapshot: the message is no protobuf: it ends inside a field" },
        { "/hypeman.v1.SnapshotService/GetSnapshot", "ff", NULL, 0,
          "hypeman.v1.Snapshot: the message is no protobuf: a number does not end" },
        { "/hypeman.v1.SnapshotService/GetSnapshot", "0a 01 ff", NULL, 0,
          "id: the text is not UTF-8" },
        { "/hypeman.v1.SnapshotService/GetSnapshot", "08 01", NULL, 0,
          "id: has a wire type that is not its own" },
        { "/hypeman.v1.SnapshotService/GetSnapshot", "18 09", NULL, 0,
          "kind: hypeman.v1.SnapshotKind has no value 9" },
        { "/hypeman.v1.SnapshotService/GetSnapshot", "a0 06 01", NULL, 0,
          "hypeman.v1.Snapshot has no field 100" },
        { "/hypeman.v1.SnapshotService/GetSnapshot", "42 02 10 ff", NULL, 0,
          "created_at: the message is no protobuf: a number does not end" },
        { "/hypeman.v1.InstanceService/HoldAutoStandby", "42 0a 08 ff ff ff ff ff ff ff ff 7f",
          NULL, 0, "idle_timeout: the duration is out of range" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(arena) struct arena arena = arena_capped(ARENA_MAX);
        SCOPED(buffer) struct buffer wire = buffer_capped(ARENA_MAX);
        append_hex(&wire, rows[i].wire);
        const struct text reply = buffer_text(&wire);
        const struct rpc_outcome outcome = { .replies = &reply, .reply_count = 1 };
        struct transport_answer answer;
        struct error err = { 0 };
        bool ok = rpc_answer_make(method_named(rows[i].method), &outcome, &arena, &answer, &err);
        if (rows[i].failure != NULL) {
            assert_false(ok);
            assert_error(err, ERROR_INTERNAL, rows[i].failure);
            continue;
        }
        if (!ok)
            fail_msg("%s", err.message);
        assert_int_equal(answer.status, rows[i].status);
        assert_string_equal(answer.grpc_code, "OK");
        if (rows[i].body != NULL) {
            json_auto_t *got = NULL;
            assert_true(json_document_load(answer.body, false, &got, &err));
            assert_json(got, rows[i].body);
        }
    }
}

static void replies_of_a_stream_are_events(void **state)
{
    (void)state;
    SCOPED(arena) struct arena arena = arena_capped(ARENA_MAX);
    const struct text replies[] = { TEXT("\x0a\x01\""), TEXT("") };
    const struct rpc_outcome outcome = { .replies = replies, .reply_count = 2 };
    struct transport_answer answer;
    struct error err = { 0 };

    assert_true(rpc_answer_make(method_named("/hypeman.v1.InstanceService/StreamLogs"), &outcome,
                                &arena, &answer, &err));
    assert_text(answer.body, "data: \"\\\"\"\n\ndata: \"\"\n\n");
}

static void a_status_is_the_error_of_rest(void **state)
{
    (void)state;
    /* google.rpc.Status with an ErrorInfo: reason "taken", metadata http_status */
#define INFO(code, status)                                                                         \
    "\x08" code "\x1a\x47"                                                                         \
    "\x0a\x28type.googleapis.com/google.rpc.ErrorInfo"                                             \
    "\x12\x1b\x0a\x05taken\x1a\x12\x0a\x0bhttp_status\x12\x03" status
    static const struct {
        int code;
        struct text details;
        int status;
        const char *name, *body; /* name NULL: it is refused with body */
    } rows[] = {
        { 6, TEXT(INFO("\x06", "409")), 409, "ALREADY_EXISTS",
          "{\"code\":\"taken\",\"message\":\"m\"}" },
        { 9, TEXT(INFO("\x09", "409")), 409, "FAILED_PRECONDITION",
          "{\"code\":\"taken\",\"message\":\"m\"}" },
        /* another server's */
        { 5, TEXT(""), 404, "NOT_FOUND", "{\"code\":\"NOT_FOUND\",\"message\":\"m\"}" },
        { 6, TEXT(INFO("\x05", "409")), 0, NULL, "the details say code 5, the status 6" },
        { 6, TEXT(INFO("\x06", "4x9")), 0, NULL, "the details say http_status 4x9" },
        { 6,
          TEXT(INFO("\x06", "4\xff"
                            "9")),
          0, NULL, "the details say http_status ?" },
        { 6, TEXT("\x08"), 0, NULL,
          "grpc-status-details-bin: the message is no protobuf: a number does not end" },
        { 17, TEXT(""), 0, NULL, "there is no gRPC status 17" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(arena) struct arena arena = arena_capped(ARENA_MAX);
        const struct rpc_outcome outcome = { .code = rows[i].code,
                                             .message = TEXT("m"),
                                             .details = rows[i].details };
        struct transport_answer answer;
        struct error err = { 0 };
        bool ok = rpc_answer_make(&api.methods[0], &outcome, &arena, &answer, &err);
        assert_int_equal(ok, rows[i].name != NULL);
        if (!ok) {
            assert_error(err, ERROR_INTERNAL, rows[i].body);
            continue;
        }
        assert_int_equal(answer.status, rows[i].status);
        assert_string_equal(answer.grpc_code, rows[i].name);
        assert_text(answer.body, rows[i].body);
    }
}

static void an_answer_is_reduced_to_what_a_message_can_say(void **state)
{
    (void)state;
    static const struct {
        const char *body, *reduced; /* body NULL: none */
        const char *method;
        const char *failure;
    } rows[] = {
        { NULL, "null", "/hypeman.v1.SnapshotService/DeleteSnapshot", NULL },
        { "[{\"path\":\"x\"}]", NULL, "/hypeman.v1.InstanceService/StatInstancePath",
          "[{\"path\":\"x\"}] is no object" },
        { "{\"state\":\"Nowhere\",\"state_error\":null,\"timed_out\":false,\"more\":1}",
          "{\"timed_out\":false}", "/hypeman.v1.InstanceService/WaitInstance", NULL },
        { "{\"state\":\"Running\",\"state_error\":\"\",\"timed_out\":true}",
          "{\"state\":\"Running\",\"state_error\":\"\",\"timed_out\":true}",
          "/hypeman.v1.InstanceService/WaitInstance", NULL },
        { "[]", "[]", "/hypeman.v1.SnapshotService/ListSnapshots", NULL },
        { "{\"timed_out\":1}", NULL, "/hypeman.v1.InstanceService/WaitInstance",
          "timed_out: 1 is no bool" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        json_auto_t *body = NULL, *reduced = NULL;
        struct error err = { 0 };
        if (rows[i].body != NULL)
            assert_true(json_document_load(text_of(rows[i].body), false, &body, &err));
        bool ok = rpc_answer_reduce(method_named(rows[i].method), body, &reduced, &err);
        assert_int_equal(ok, rows[i].failure == NULL);
        if (ok)
            assert_json(reduced, rows[i].reduced);
        else
            assert_error(err, ERROR_NOT_SUPPORTED, rows[i].failure);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_api_is_what_proto_says),
        cmocka_unit_test(a_descriptor_set_that_is_none_is_refused),
        cmocka_unit_test(a_request_in_rest_terms_is_the_message_of_its_rpc),
        cmocka_unit_test(what_no_call_says_is_named),
        cmocka_unit_test(headers_go_along_as_metadata_or_not_at_all),
        cmocka_unit_test(a_reply_is_the_answer_of_rest),
        cmocka_unit_test(replies_of_a_stream_are_events),
        cmocka_unit_test(a_status_is_the_error_of_rest),
        cmocka_unit_test(an_answer_is_reduced_to_what_a_message_can_say),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
