/* Bad input to the gateway and the mock behind it, over both protocols: each row gets the right
 * answer, a message naming the cause, and leaves everything as it was. What concerns a bad server
 * behind the gateway is in gateway_answers_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/gateway_rig.h"
#include "tests/support/http_client.h"

#define CREATE "/hypeman.v1.SnapshotService/CreateSnapshot"
#define GET    "/hypeman.v1.SnapshotService/GetSnapshot"

/* ---- The pair ------------------------------------------------------------------------------ */

/* REST by one connection per request, so a refusal that closes it does not matter. */
static struct http_answer rest(const struct gateway_rig *rig, const char *request)
{
    struct http_client client = { 0 };
    struct http_answer answer = { 0 };
    assert_true(http_client_open(&client, rig->program.urls[1]));
    assert_true(http_client_send_text(&client, request));
    assert_true(http_client_read(&client, &answer));
    http_client_close(&client);
    return answer;
}

#define TOKEN "Authorization: Bearer My API Key\r\n"
#define HEAD  " HTTP/1.1\r\nHost: x\r\n"

static struct http_answer rest_json(const struct gateway_rig *rig, const char *target,
                                    const char *json)
{
    char request[1024];
    int len = snprintf(request, sizeof request,
                       "POST %s" HEAD TOKEN "Content-Type: application/json\r\n"
                       "Content-Length: %zu\r\n\r\n%s",
                       target, strlen(json), json);
    assert_in_range(len, 1, sizeof request - 1);
    return rest(rig, request);
}

/* All snapshots, as text: what must not change. */
static char *snapshots(const struct gateway_rig *rig)
{
    struct http_answer answer = rest(rig, "GET /snapshots" HEAD TOKEN "\r\n");
    assert_int_equal(answer.status, 200);
    char *body = answer.body;
    answer.body = NULL;
    http_answer_free(&answer);
    return body;
}

static struct grpc_raw_reply grpc(struct gateway_rig *rig, const char *path, struct text message)
{
    static const struct grpc_raw_header token[] = { { TEXT("authorization"),
                                                      TEXT("Bearer My API Key") } };
    return grpc_raw_run(
        rig->channel, &(struct grpc_raw_request){
                          .path = path, .message = message, .headers = token, .header_count = 1 });
}

/* nginx1 is Running and has one snapshot. */
static int start_pair(void **state)
{
    setenv("HYPEMAN_MOCK_BOOT_DELAY", "0s", 1);
    struct gateway_rig *rig = gateway_rig_start_alone(NULL);
    struct http_answer answer = rest_json(
        rig, "/instances",
        "{\"name\":\"nginx1\",\"image\":\"nginx:alpine\",\"hypervisor\":\"cloud-hypervisor\"}");
    assert_int_equal(answer.status, 201);
    http_answer_free(&answer);
    answer = rest_json(rig, "/instances/nginx1/snapshots",
                       "{\"kind\":\"Standby\",\"name\":\"baseline\"}");
    assert_int_equal(answer.status, 201);
    http_answer_free(&answer);
    *state = rig;
    return 0;
}

/* ---- REST ---------------------------------------------------------------------------------- */

#define JSON "Content-Type: application/json\r\n"

static const struct {
    const char *what;
    const char *instance;
    const char *headers;
    const char *body;
    int status;
    const char *code;
    const char *words;
} rest_rows[] = {
    { "unknown instance", "nobody", TOKEN JSON, "{\"kind\":\"Standby\"}", 404, "not_found",
      "resource not found" },
    { "bad kind", "nginx1", TOKEN JSON, "{\"kind\":\"standby\"}", 400, "Bad Request", "/kind" },
    { "bad name", "nginx1", TOKEN JSON, "{\"kind\":\"Standby\",\"name\":\"A_B\"}", 400,
      "Bad Request", "/name" },
    { "bad tag value", "nginx1", TOKEN JSON, "{\"kind\":\"Standby\",\"tags\":{\"t\":\"a#\"}}", 400,
      "Bad Request", "/tags/t" },
    { "bad tag key", "nginx1", TOKEN JSON, "{\"kind\":\"Standby\",\"tags\":{\"t#\":\"a\"}}", 400,
      "invalid_request", "unsupported characters" },
    { "missing body", "nginx1", TOKEN JSON, "", 400, "Bad Request", "value is required" },
    { "malformed JSON", "nginx1", TOKEN JSON, "{\"kind\":", 400, "Bad Request",
      "failed to decode request body: unexpected EOF" },
    { "wrong content type", "nginx1", TOKEN "Content-Type: text/plain\r\n",
      "{\"kind\":\"Standby\"}", 400, "Bad Request", "header Content-Type" },
    { "no token", "nginx1", JSON, "{\"kind\":\"Standby\"}", 401, "Unauthorized",
      "authorization header required" },
    { "name taken", "nginx1", TOKEN JSON, "{\"kind\":\"Standby\",\"name\":\"baseline\"}", 409,
      "conflict", "already exists" },
    { "wrong state", "nginx1", TOKEN JSON, "{\"kind\":\"Stopped\"}", 409, "conflict",
      "got Running" },
};

static struct http_answer send_row(const struct gateway_rig *rig, size_t row)
{
    char request[1024];
    int len = snprintf(request, sizeof request,
                       "POST /instances/%s/snapshots" HEAD "%sContent-Length: %zu\r\n\r\n%s",
                       rest_rows[row].instance, rest_rows[row].headers, strlen(rest_rows[row].body),
                       rest_rows[row].body);
    assert_in_range(len, 1, sizeof request - 1);
    return rest(rig, request);
}

static void bad_rest_input_is_refused_and_changes_nothing(void **state)
{
    struct gateway_rig *rig = *state;
    char *before = snapshots(rig);
    for (size_t i = 0; i < ARRAY_LEN(rest_rows); i++) {
        char code[64];
        struct http_answer answer = send_row(rig, i);
        (void)snprintf(code, sizeof code, "{\"code\":\"%s\",", rest_rows[i].code);
        if (answer.status != rest_rows[i].status || strncmp(answer.body, code, strlen(code)) != 0 ||
            strstr(answer.body, rest_rows[i].words) == NULL)
            fail_msg("%s: got %d %s", rest_rows[i].what, answer.status, answer.body);
        http_answer_free(&answer);
        char *after = snapshots(rig);
        assert_string_equal(after, before);
        free(after);
    }
    free(before);
}

/* ---- gRPC ---------------------------------------------------------------------------------- */

/* Fields of CreateSnapshotRequest: instance_id = 1, kind = 2, name = 3, tags = 4; of
 * GetSnapshotRequest: snapshot_id = 1. Kind STANDBY is 1. */
#define NGINX1  "\x0a\x06nginx1"
#define STANDBY "\x10\x01"

static const struct {
    const char *what;
    const char *path;
    struct text message;
    enum rpc_code code;
    const char *reason;
    const char *words;
} grpc_rows[] = {
    { "unknown instance", CREATE, TEXT("\x0a\x06nobody" STANDBY), RPC_NOT_FOUND, "not_found",
      "resource not found" },
    { "kind left out", CREATE, TEXT(NGINX1), RPC_INVALID_ARGUMENT, "Bad Request", "kind" },
    { "kind the API has no word for", CREATE, TEXT(NGINX1 "\x10\x63"), RPC_INVALID_ARGUMENT,
      "Bad Request", "/kind" },
    { "bad name", CREATE,
      TEXT(NGINX1 STANDBY "\x1a\x03"
                          "A_B"),
      RPC_INVALID_ARGUMENT, "Bad Request", "/name" },
    { "bad tag value", CREATE, TEXT(NGINX1 STANDBY "\x22\x07\x0a\x01t\x12\x02x#"),
      RPC_INVALID_ARGUMENT, "Bad Request", "/tags/t" },
    { "bad tag key", CREATE, TEXT(NGINX1 STANDBY "\x22\x07\x0a\x02t#\x12\x01x"),
      RPC_INVALID_ARGUMENT, "invalid_request", "unsupported characters" },
    { "name taken", CREATE,
      TEXT(NGINX1 STANDBY "\x1a\x08"
                          "baseline"),
      RPC_ALREADY_EXISTS, "conflict", "already exists" },
    { "wrong state", CREATE, TEXT(NGINX1 "\x10\x02"), RPC_FAILED_PRECONDITION, "conflict",
      "got Running" },
    { "unknown snapshot", GET, TEXT("\x0a\x02no"), RPC_NOT_FOUND, "not_found",
      "snapshot not found" },
    { "empty path field", GET, TEXT(""), RPC_INVALID_ARGUMENT, "INVALID_ARGUMENT", "snapshot_id" },
    { "dots in a path field", GET, TEXT("\x0a\x02.."), RPC_INVALID_ARGUMENT, "INVALID_ARGUMENT",
      "snapshot_id" },
    { "invalid UTF-8", CREATE, TEXT(NGINX1 STANDBY "\x1a\x01\xff"), RPC_INVALID_ARGUMENT,
      "INVALID_ARGUMENT", "name" },
    { "truncated message", CREATE, TEXT("\x0a\x06ngi"), RPC_INVALID_ARGUMENT, "INVALID_ARGUMENT",
      "cut off" },
    { "unknown method", "/hypeman.v1.SnapshotService/Nope", TEXT(""), RPC_UNIMPLEMENTED,
      "NOT_SUPPORTED", "Nope" },
    { "wrong state", "/hypeman.v1.InstanceService/ForkInstance", TEXT(NGINX1 "\x12\x01n"),
      RPC_FAILED_PRECONDITION, "invalid_state", "cannot fork from state Running" },
};

static void bad_grpc_input_is_refused_and_changes_nothing(void **state)
{
    struct gateway_rig *rig = *state;
    char *before = snapshots(rig);
    for (size_t i = 0; i < ARRAY_LEN(grpc_rows); i++) {
        struct gateway_details details = { 0 };
        SCOPED(grpc_raw_reply)
        struct grpc_raw_reply reply = grpc(rig, grpc_rows[i].path, grpc_rows[i].message);
        if (reply.code != (int)grpc_rows[i].code ||
            strstr(reply.message, grpc_rows[i].words) == NULL)
            fail_msg("%s: got %s: %s", grpc_rows[i].what, rpc_code_name((enum rpc_code)reply.code),
                     reply.message);
        assert_true(gateway_details_read(&reply, &rig->memory, &details));
        assert_string_equal(details.reason, grpc_rows[i].reason);
        char *after = snapshots(rig);
        assert_string_equal(after, before);
        free(after);
    }
    free(before);
}

static void a_call_without_a_token_is_unauthenticated_and_changes_nothing(void **state)
{
    struct gateway_rig *rig = *state;
    char *before = snapshots(rig);
    SCOPED(grpc_raw_reply)
    struct grpc_raw_reply reply =
        grpc_raw_run(rig->channel,
                     &(struct grpc_raw_request){ .path = CREATE, .message = TEXT(NGINX1 STANDBY) });
    assert_int_equal(reply.code, RPC_UNAUTHENTICATED);
    assert_non_null(strstr(reply.message, "authorization header required"));
    char *after = snapshots(rig);
    assert_string_equal(after, before);
    free(after);
    free(before);
}

/* The other half of the table: what is right goes through. */
static void the_same_calls_without_the_mistake_are_carried_out(void **state)
{
    struct gateway_rig *rig = *state;
    char *before = snapshots(rig);
    SCOPED(grpc_raw_reply)
    struct grpc_raw_reply reply = grpc(rig, CREATE,
                                       TEXT(NGINX1 STANDBY "\x1a\x03"
                                                           "a-b"
                                                           "\x22\x06\x0a\x01t\x12\x01x"));
    assert_int_equal(reply.code, RPC_OK);
    char *after = snapshots(rig);
    assert_string_not_equal(after, before);
    free(after);
    free(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_rest_input_is_refused_and_changes_nothing),
        cmocka_unit_test(bad_grpc_input_is_refused_and_changes_nothing),
        cmocka_unit_test(a_call_without_a_token_is_unauthenticated_and_changes_nothing),
        cmocka_unit_test(the_same_calls_without_the_mistake_are_carried_out),
    };
    return cmocka_run_group_tests(tests, start_pair, gateway_rig_teardown);
}
