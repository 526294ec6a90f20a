#include "tests/unit/gateway/fixture.h"

#include <stdio.h>
#include <string.h>

#include "gateway/proxy/rpc_status.h"
#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"

/* ---- tables ------------------------------------------------------------------------------- */

static void every_code_has_the_name_grpc_gives_it(void **state)
{
    (void)state;
    assert_string_equal(rpc_code_name(RPC_OK), "OK");
    assert_string_equal(rpc_code_name(RPC_NOT_FOUND), "NOT_FOUND");
    assert_string_equal(rpc_code_name(RPC_UNAUTHENTICATED), "UNAUTHENTICATED");
    assert_string_equal(rpc_code_name((enum rpc_code)99), "UNKNOWN");
    for (int i = 0; i < RPC_CODE_COUNT; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(rpc_code_name((enum rpc_code)i),
                                    rpc_code_name((enum rpc_code)k));
}

/* The whole table for REST APIs; a row holds from its status to the next row's. */
static const struct {
    int from;
    enum rpc_code code;
} http_table[] = {
    { 100, RPC_UNKNOWN },
    { 200, RPC_OK },
    { 300, RPC_UNKNOWN },
    { 400, RPC_INVALID_ARGUMENT },
    { 401, RPC_UNAUTHENTICATED },
    { 402, RPC_FAILED_PRECONDITION },
    { 403, RPC_PERMISSION_DENIED },
    { 404, RPC_NOT_FOUND },
    { 405, RPC_INTERNAL },
    { 407, RPC_FAILED_PRECONDITION },
    { 408, RPC_DEADLINE_EXCEEDED },
    { 409, RPC_ABORTED },
    { 410, RPC_FAILED_PRECONDITION },
    { 413, RPC_RESOURCE_EXHAUSTED },
    { 414, RPC_FAILED_PRECONDITION },
    { 415, RPC_INTERNAL },
    { 416, RPC_OUT_OF_RANGE },
    { 417, RPC_FAILED_PRECONDITION },
    { 429, RPC_RESOURCE_EXHAUSTED },
    { 430, RPC_FAILED_PRECONDITION },
    { 499, RPC_CANCELLED },
    { 500, RPC_INTERNAL },
    { 501, RPC_UNIMPLEMENTED },
    { 502, RPC_UNAVAILABLE },
    { 503, RPC_UNAVAILABLE },
    { 504, RPC_DEADLINE_EXCEEDED },
    { 505, RPC_INTERNAL },
    { 600, RPC_UNKNOWN },
};

static void every_http_status_has_the_code_of_the_canonical_table(void **state)
{
    (void)state;
    size_t row = 0;
    for (int status = 100; status < 1000; status++) {
        while (row + 1 < ARRAY_LEN(http_table) && http_table[row + 1].from <= status)
            row++;
        if (rpc_code_from_http(status) != http_table[row].code)
            fail_msg("%d: %s instead of %s", status, rpc_code_name(rpc_code_from_http(status)),
                     rpc_code_name(http_table[row].code));
    }
    static const int nonsense[] = { -1, 0, 1, 99, 1000, 20000 };
    for (size_t i = 0; i < ARRAY_LEN(nonsense); i++)
        assert_int_equal(rpc_code_from_http(nonsense[i]), RPC_UNKNOWN);
}

static void every_error_of_ours_has_a_code_and_none_but_none_is_ok(void **state)
{
    (void)state;
    assert_int_equal(rpc_code_from_error(ERROR_NONE), RPC_OK);
    for (int i = 1; i < ERROR_CODE_COUNT; i++)
        assert_int_not_equal(rpc_code_from_error((enum error_code)i), RPC_OK);
    assert_int_equal(rpc_code_from_error(ERROR_INVALID_STATE), RPC_FAILED_PRECONDITION);
    assert_int_equal(rpc_code_from_error(ERROR_NOT_SUPPORTED), RPC_UNIMPLEMENTED);
    assert_int_equal(rpc_code_from_error(ERROR_NO_MEMORY), RPC_RESOURCE_EXHAUSTED);
    assert_int_equal(rpc_code_from_error(ERROR_OUTCOME_UNKNOWN), RPC_UNAVAILABLE);
}

/* ---- statuses ----------------------------------------------------------------------------- */

/* What a client reads out of grpc-status-details-bin. */
struct details {
    Google__Rpc__Status *status;
    Google__Rpc__ErrorInfo *info;
    Google__Rpc__BadRequest *bad_request;
    Google__Rpc__RetryInfo *retry;
    Google__Rpc__RequestInfo *request;
};

static void details_scope_end(struct details *d)
{
    google__rpc__status__free_unpacked(d->status, NULL);
    google__rpc__error_info__free_unpacked(d->info, NULL);
    google__rpc__bad_request__free_unpacked(d->bad_request, NULL);
    google__rpc__retry_info__free_unpacked(d->retry, NULL);
    google__rpc__request_info__free_unpacked(d->request, NULL);
}

static void assert_utf8(const char *s)
{
    assert_true(text_is_utf8(text_of(s)));
}

static struct details details_of(const struct rpc_status *status)
{
    struct details d = { 0 };
    const uint8_t *bytes = (const uint8_t *)status->details.data;
    assert_in_range(status->details.len, 1, RPC_DETAILS_MAX);
    d.status = google__rpc__status__unpack(NULL, status->details.len, bytes);
    assert_non_null(d.status);
    assert_int_equal(d.status->code, status->code);
    assert_string_equal(d.status->message, status->message);
    assert_utf8(status->message);
    for (size_t i = 0; i < d.status->n_details; i++) {
        const Google__Protobuf__Any *any = d.status->details[i];
        if (strcmp(any->type_url, "type.googleapis.com/google.rpc.ErrorInfo") == 0)
            d.info = google__rpc__error_info__unpack(NULL, any->value.len, any->value.data);
        else if (strcmp(any->type_url, "type.googleapis.com/google.rpc.BadRequest") == 0)
            d.bad_request = google__rpc__bad_request__unpack(NULL, any->value.len, any->value.data);
        else if (strcmp(any->type_url, "type.googleapis.com/google.rpc.RetryInfo") == 0)
            d.retry = google__rpc__retry_info__unpack(NULL, any->value.len, any->value.data);
        else if (strcmp(any->type_url, "type.googleapis.com/google.rpc.RequestInfo") == 0)
            d.request = google__rpc__request_info__unpack(NULL, any->value.len, any->value.data);
        else
            fail_msg("unexpected detail %s", any->type_url);
    }
    assert_non_null(d.info);
    assert_utf8(d.info->reason);
    assert_utf8(d.info->domain);
    return d;
}

static const char *metadata(const struct details *d, const char *key)
{
    for (size_t i = 0; i < d->info->n_metadata; i++)
        if (strcmp(d->info->metadata[i]->key, key) == 0)
            return d->info->metadata[i]->value;
    return NULL;
}

/* Bytes of the trailers as they travel and as HTTP/2 counts them: the message percent-encoded, the
 * details in base64; names and 32 bytes for each, also for what gRPC adds; and the room for headers
 * that come back. */
static size_t trailer_bytes(const struct rpc_status *status)
{
    enum { PER_ENTRY = 32 };
    static const char others[] = "grpc-status"
                                 "16"
                                 ":status"
                                 "200"
                                 "content-type"
                                 "application/grpc"
                                 "grpc-message"
                                 "grpc-status-details-bin";
    size_t bytes = sizeof others - 1 + 5 * PER_ENTRY + RPC_RETURNED_MAX;
    bytes += (status->details.len + 2) / 3 * 4;
    for (const char *at = status->message; *at != '\0'; at++)
        bytes += *at < ' ' || *at > '~' || *at == '%' ? 3 : 1;
    return bytes;
}

enum { TRAILERS_MAX = 6 << 10 };
static_assert((int)RPC_TRAILERS_MAX == (int)TRAILERS_MAX, "as promised");

/* An answer of the upstream; retry_after may be "". */
static struct rpc_status status_of(const struct schema *schema, const char *method, int http_status,
                                   struct text body, const char *retry_after)
{
    struct rpc_status status = { 0 };
    struct upstream_exchange exchange = { .outcome = UPSTREAM_ANSWERED,
                                          .status = http_status,
                                          .answer = buffer_capped(16 << 20) };
    (void)snprintf(exchange.retry_after, sizeof exchange.retry_after, "%s", retry_after);
    assert_true(buffer_append_text(&exchange.answer, body));
    rpc_status_from_answer(&status, method_named(schema, method), &exchange);
    buffer_fini(&exchange.answer);
    assert_true(trailer_bytes(&status) <= TRAILERS_MAX);
    return status;
}

static void rpc_status_scope_end(struct rpc_status *status)
{
    buffer_fini(&status->details);
}

static const char get_snapshot[] = "hypeman.v1.SnapshotService.GetSnapshot";

static void an_error_of_the_api_keeps_its_reason_and_message(void **state)
{
    SCOPED(rpc_status)
    struct rpc_status status =
        status_of(*state, get_snapshot, 404,
                  TEXT("{\"code\":\"not_found\",\"message\":\"snapshot not found\"}\n"), "");
    assert_int_equal(status.code, RPC_NOT_FOUND);
    assert_string_equal(status.message, "snapshot not found");
    SCOPED(details) struct details d = details_of(&status);
    assert_string_equal(d.info->reason, "not_found");
    assert_string_equal(d.info->domain, "hypeman");
    assert_string_equal(metadata(&d, "http_status"), "404");
    assert_string_equal(metadata(&d, "method"), get_snapshot);
    assert_int_equal(d.info->n_metadata, 2);
    assert_null(d.retry);
    assert_null(d.bad_request);
}

static void the_request_id_is_the_answers_or_the_callers(void **state)
{
    static const struct {
        const char *answered;
        const char *sent; /* NULL: none */
        const char *reported;
    } rows[] = {
        { "", NULL, NULL },   { "a1", NULL, "a1" },       { "", "c1", "c1" },
        { "a1", "c1", "a1" }, { "\xff\xfe", NULL, "??" },
    };
    const struct method *m = method_named(*state, get_snapshot);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (int is_lost = 0; is_lost < 2; is_lost++) {
            SCOPED(rpc_status) struct rpc_status status = { 0 };
            const struct http_header header = { TEXT("x-request-id"), text_of(rows[i].sent) };
            struct upstream_exchange exchange = { .outcome = UPSTREAM_LOST,
                                                  .status = 500,
                                                  .headers = &header,
                                                  .header_count = rows[i].sent != NULL };
            (void)snprintf(exchange.request_id, sizeof exchange.request_id, "%s", rows[i].answered);
            if (is_lost == 1)
                rpc_status_from_outcome(&status, m, &exchange);
            else
                rpc_status_from_answer(&status, m, &exchange);
            SCOPED(details) struct details d = details_of(&status);
            assert_int_equal(d.request != NULL, rows[i].reported != NULL);
            if (d.request != NULL)
                assert_string_equal(d.request->request_id, rows[i].reported);
        }
}

static void a_date_in_retry_after_counts_from_the_answers_own(void **state)
{
    struct upstream_exchange exchange = { .status = 503,
                                          .retry_after = "Sun, 06 Nov 1994 08:50:37 GMT",
                                          .date = "Sun, 06 Nov 1994 08:49:37 GMT" };
    SCOPED(rpc_status) struct rpc_status status = { 0 };
    rpc_status_from_answer(&status, method_named(*state, get_snapshot), &exchange);
    SCOPED(details) struct details d = details_of(&status);
    assert_non_null(d.retry);
    assert_int_equal(d.retry->retry_delay->seconds, 60);
}

static const struct {
    const char *method;
    int http_status;
    const char *body;
    enum rpc_code code;
} rule_examples[] = {
    { "SnapshotService.CreateSnapshot", 409,
      "{\"code\":\"conflict\",\"message\":\"instance already exists: snapshot name \\\"a\\\"\"}",
      RPC_ALREADY_EXISTS },
    { "SnapshotService.CreateSnapshot", 409,
      "{\"code\":\"conflict\",\"message\":\"instance must be Running\"}", RPC_FAILED_PRECONDITION },
    { "SnapshotService.CreateSnapshot", 409,
      "{\"message\":\"instance already exists: x\",\"code\":\"conflict\"}", RPC_ALREADY_EXISTS },
    { "SnapshotService.CreateSnapshot", 409, "{\"code\":\"ambiguous\",\"message\":\"two fit\"}",
      RPC_FAILED_PRECONDITION },
    { "SnapshotService.CreateSnapshot", 409, "{\"code\":\"other\",\"message\":\"x\"}",
      RPC_ABORTED },
    { "SnapshotService.CreateSnapshot", 409, "", RPC_ABORTED },
    { "SnapshotService.CreateSnapshot", 404, "{\"code\":\"conflict\",\"message\":\"x\"}",
      RPC_NOT_FOUND },
    { "SnapshotService.ForkSnapshot", 409,
      "{\"code\":\"insufficient_resources\",\"message\":\"x\"}", RPC_RESOURCE_EXHAUSTED },
    { "SnapshotService.RestoreSnapshot", 409, "{\"code\":\"invalid_state\",\"message\":\"x\"}",
      RPC_FAILED_PRECONDITION },
    { "SnapshotService.GetSnapshot", 409, "{\"code\":\"conflict\",\"message\":\"x\"}",
      RPC_ABORTED },
    /* A rule without a status holds for any. */
    { "InstanceService.CreateInstance", 400, "{\"code\":\"name_conflict\",\"message\":\"x\"}",
      RPC_ALREADY_EXISTS },
    { "InstanceService.CreateInstance", 409, "{\"code\":\"already_exists\",\"message\":\"x\"}",
      RPC_ALREADY_EXISTS },
    { "InstanceService.CreateInstance", 409, "{\"code\":\"insufficient_resources\"}",
      RPC_RESOURCE_EXHAUSTED },
    { "InstanceService.CreateInstance", 429, "{\"code\":\"rate_limited\"}",
      RPC_RESOURCE_EXHAUSTED },
    { "InstanceService.CreateInstance", 500, "{\"code\":\"internal_error\"}", RPC_INTERNAL },
    { "InstanceService.CreateInstance", 501, "{\"code\":\"not_supported\"}", RPC_UNIMPLEMENTED },
    { "InstanceService.StandbyInstance", 409, "{\"code\":\"invalid_state\"}",
      RPC_FAILED_PRECONDITION },
    { "InstanceService.HoldAutoStandby", 409, "{\"code\":\"instance_in_standby\"}",
      RPC_FAILED_PRECONDITION },
    { "InstanceService.GetInstance", 401, "{\"code\":\"unauthorized\"}", RPC_UNAUTHENTICATED },
    { "InstanceService.GetInstance", 304, "", RPC_UNKNOWN },
    { "InstanceService.GetInstance", 302, "", RPC_UNKNOWN },
    { "InstanceService.GetInstance", 100, "", RPC_UNKNOWN },
};

static void the_methods_error_rules_come_before_the_table(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(rule_examples); i++) {
        char name[128];
        (void)snprintf(name, sizeof name, "hypeman.v1.%s", rule_examples[i].method);
        SCOPED(rpc_status)
        struct rpc_status status = status_of(*state, name, rule_examples[i].http_status,
                                             text_of(rule_examples[i].body), "");
        if (status.code != rule_examples[i].code)
            fail_msg("%s, %d %s: %s instead of %s", name, rule_examples[i].http_status,
                     rule_examples[i].body, rpc_code_name(status.code),
                     rpc_code_name(rule_examples[i].code));
    }
}

static void retry_after_in_seconds_becomes_retry_info(void **state)
{
    static const struct {
        const char *header;
        int64_t seconds; /* -1 = none */
    } headers[] = {
        { "7", 7 },
        { "0", 0 },
        { "", -1 },
        { "-1", -1 },
        { "soon", -1 },
        { "1.5", -1 },
        { "Fri, 06 Mar 2026 13:56:11 GMT", -1 },
        /* As google.protobuf.Duration can hold it. */
        { "315576000000", INT64_C(315576000000) },
        { "315576000001", -1 },
        { "9223372036854775807", -1 },
        { "99999999999999999999", -1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        SCOPED(rpc_status)
        struct rpc_status status =
            status_of(*state, get_snapshot, 429,
                      TEXT("{\"code\":\"rate_limited\",\"message\":\"slow\"}"), headers[i].header);
        assert_int_equal(status.code, RPC_RESOURCE_EXHAUSTED);
        SCOPED(details) struct details d = details_of(&status);
        assert_int_equal(d.retry != NULL, headers[i].seconds >= 0);
        if (d.retry != NULL)
            assert_true(d.retry->retry_delay->seconds == headers[i].seconds);
    }
}

/* VALID-002: the real server pastes text between quotes unescaped. */
static void a_validators_answer_that_is_no_json_is_read_all_the_same(void **state)
{
    SCOPED(rpc_status)
    struct rpc_status status = status_of(*state, "hypeman.v1.InstanceService.CreateInstance", 400,
                                         TEXT("{\"code\":\"Bad Request\",\"message\":\"request "
                                              "body has an error: doesn't match schema "
                                              "#/components/schemas/CreateVolumeRequest: Error at "
                                              "\"/size_gb\": property \"size_gb\" is "
                                              "missing\"}"),
                                         "");
    assert_int_equal(status.code, RPC_INVALID_ARGUMENT);
    assert_string_equal(status.message,
                        "request body has an error: doesn't match schema "
                        "#/components/schemas/CreateVolumeRequest: Error at \"/size_gb\": property "
                        "\"size_gb\" is missing");
    SCOPED(details) struct details d = details_of(&status);
    assert_string_equal(d.info->reason, "Bad Request");
}

static const struct {
    const char *body;
    const char *message;
    const char *reason;
} odd_bodies[] = {
    { "", "upstream answered 502 Bad Gateway", "HTTP_502" },
    { "  \n", "upstream answered 502 Bad Gateway", "HTTP_502" },
    { "<html>\n<h1>502</h1></html>\n",
      "upstream answered 502 Bad Gateway: <html>\n<h1>502</h1></html>", "HTTP_502" },
    { "not found", "upstream answered 502 Bad Gateway: not found", "HTTP_502" },
    { "[]", "upstream answered 502 Bad Gateway: []", "HTTP_502" },
    { "{}", "upstream answered 502 Bad Gateway: {}", "HTTP_502" },
    { "{\"code\":404,\"message\":[\"x\"]}",
      "upstream answered 502 Bad Gateway: {\"code\":404,\"message\":[\"x\"]}", "HTTP_502" },
    { "{\"code\":\"c\",\"message\":\"\"}",
      "upstream answered 502 Bad Gateway: {\"code\":\"c\",\"message\":\"\"}", "c" },
    { "{\"code\":\"c\",\"message\":\"m\",\"details\":[{\"code\":\"x\"}],\"inner_error\":{"
      "\"message\":"
      "\"y\"}}",
      "m", "c" },
    { "{\"error\":{\"message\":\"deep\"},\"message\":\"m\"}", "m", "HTTP_502" },
    { "{\"code\":\"c\",\"message\":\"m\"",
      "upstream answered 502 Bad Gateway: {\"code\":\"c\",\"message\":\"m\"", "HTTP_502" },
    { "{\"code\":\"", "upstream answered 502 Bad Gateway: {\"code\":\"", "HTTP_502" },
    { "{\"code\":\"\",\"message\":\"\"\"}", "\"", "HTTP_502" },
    { "{\"message\":\"\\u00b5 100% \\\"q\\\"\"}", "\xc2\xb5 100% \"q\"", "HTTP_502" },
};

static void any_body_gives_a_message(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(odd_bodies); i++) {
        SCOPED(rpc_status)
        struct rpc_status status =
            status_of(*state, get_snapshot, 502, text_of(odd_bodies[i].body), "");
        assert_int_equal(status.code, RPC_UNAVAILABLE);
        assert_string_equal(status.message, odd_bodies[i].message);
        SCOPED(details) struct details d = details_of(&status);
        assert_string_equal(d.info->reason, odd_bodies[i].reason);
    }
}

/* before + len times the pattern + after */
static struct buffer long_body(const char *before, const char *pattern, size_t len,
                               const char *after)
{
    struct buffer b = buffer_capped(16 << 20);
    buffer_append_cstr(&b, before);
    for (size_t at = 0; at < len; at += strlen(pattern))
        buffer_append_cstr(&b, pattern);
    assert_true(buffer_append_cstr(&b, after));
    return b;
}

static void an_error_of_100_kb_keeps_its_code_and_has_small_trailers(void **state)
{
    static const struct {
        const char *before;
        const char *pattern;
        const char *after;
    } bodies[] = {
        { "{\"code\":\"conflict\",\"message\":\"", "x", "\"}" },
        { "{\"code\":\"conflict\",\"message\":\"", "\xc2\xb5", "\"}" },
        { "{\"code\":\"conflict\",\"message\":\"", "\\u00b5\\n", "\"}" },
        { "{\"message\":\"", "\\u00b5", "\",\"code\":\"conflict\"}" },
        { "{\"code\":\"conflict\",\"details\":[\"", "\\u00b5", "\"],\"message\":\"m\"}" },
        { "{\"code\":\"conflict\",\"message\":\"a \"b\" ", "\xf0\x9f\x98\x80", "\"}" },
    };
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        SCOPED(buffer)
        struct buffer body =
            long_body(bodies[i].before, bodies[i].pattern, 100 << 10, bodies[i].after);
        SCOPED(rpc_status)
        struct rpc_status status = status_of(*state, "hypeman.v1.SnapshotService.CreateSnapshot",
                                             409, buffer_text(&body), "60");
        assert_int_equal(status.code, RPC_FAILED_PRECONDITION);
        SCOPED(details) struct details d = details_of(&status);
        assert_string_equal(d.info->reason, "conflict");
        assert_non_null(d.retry);
        assert_non_null(metadata(&d, "http_status"));
    }
}

static void a_long_reason_or_page_is_cut_on_a_character(void **state)
{
    static const char *const shifts[] = { "", "x", "xy", "xyz" };
    for (size_t i = 0; i < ARRAY_LEN(shifts); i++) {
        char before[64];
        (void)snprintf(before, sizeof before, "{\"code\":\"%s", shifts[i]);
        SCOPED(buffer)
        struct buffer reason = long_body(before, "\xf0\x9f\x98\x80", 1000, "\",\"message\":\"m\"}");
        SCOPED(rpc_status)
        struct rpc_status long_reason =
            status_of(*state, get_snapshot, 400, buffer_text(&reason), "");
        SCOPED(details) struct details d = details_of(&long_reason);
        assert_in_range(strlen(d.info->reason), 100, 128);

        SCOPED(buffer) struct buffer page = long_body(shifts[i], "\xf0\x9f\x98\x80", 1000, "");
        SCOPED(rpc_status)
        struct rpc_status html = status_of(*state, get_snapshot, 400, buffer_text(&page), "");
        SCOPED(details) struct details page_details = details_of(&html);
        assert_non_null(strstr(page_details.status->message, "\xf0\x9f\x98\x80"));
    }
}

static void nul_and_broken_utf8_neither_cut_nor_spoil_what_is_sent(void **state)
{
    SCOPED(rpc_status)
    struct rpc_status nul = status_of(
        *state, get_snapshot, 400, TEXT("{\"code\":\"a\\u0000b\",\"message\":\"x\\u0000y\"}"), "");
    assert_string_equal(nul.message, "x y");
    SCOPED(details) struct details nul_details = details_of(&nul);
    assert_string_equal(nul_details.info->reason, "a b");

    SCOPED(rpc_status)
    struct rpc_status page = status_of(*state, get_snapshot, 400,
                                       TEXT("a\0b\xff"
                                            "c"),
                                       "");
    assert_string_equal(page.message, "upstream answered 400 Bad Request: a b?c");
    SCOPED(details) struct details page_details = details_of(&page);
    assert_string_equal(page_details.info->reason, "HTTP_400");

    /* No JSON, so nothing has mended the bytes before. */
    SCOPED(rpc_status)
    struct rpc_status raw = status_of(
        *state, get_snapshot, 400,
        TEXT("{\"code\":\"c\xff\xc2\xb5\",\"message\":\"\"quoted\" \xed\xa0\x80 \0.\"}"), "");
    SCOPED(details) struct details raw_details = details_of(&raw);
    assert_string_equal(raw_details.info->reason, "c???");
    assert_string_equal(raw.message, "\"quoted\" ???  .");
}

/* ---- our own errors ----------------------------------------------------------------------- */

static void an_error_of_ours_names_the_field_in_bad_request(void **state)
{
    (void)state;
    struct error err = { 0 };
    error_set_field(&err, ERROR_INVALID_ARGUMENT, "snapshot_id", "snapshot_id must not be empty");
    SCOPED(rpc_status) struct rpc_status status = { 0 };
    rpc_status_from_error(&status, &err);
    assert_int_equal(status.code, RPC_INVALID_ARGUMENT);
    assert_string_equal(status.message, "snapshot_id must not be empty");
    SCOPED(details) struct details d = details_of(&status);
    assert_string_equal(d.info->reason, "INVALID_ARGUMENT");
    assert_string_equal(d.info->domain, "hypeman-gateway");
    assert_int_equal(d.info->n_metadata, 0);
    assert_non_null(d.bad_request);
    assert_int_equal(d.bad_request->n_field_violations, 1);
    assert_string_equal(d.bad_request->field_violations[0]->field, "snapshot_id");
    assert_string_equal(d.bad_request->field_violations[0]->description,
                        "snapshot_id must not be empty");
}

static void an_error_without_a_field_has_no_bad_request(void **state)
{
    (void)state;
    struct error err = { 0 };
    error_set(&err, ERROR_RESOURCE_EXHAUSTED, "too much");
    SCOPED(rpc_status) struct rpc_status status = { 0 };
    rpc_status_from_error(&status, &err);
    SCOPED(details) struct details d = details_of(&status);
    assert_null(d.bad_request);
    assert_string_equal(d.info->reason, "RESOURCE_EXHAUSTED");
}

static void the_longest_error_of_ours_still_has_small_trailers(void **state)
{
    (void)state;
    struct error err = { 0 };
    SCOPED(buffer) struct buffer text = long_body("", "\xc2\xb5", 2000, "");
    error_set_field(&err, ERROR_INVALID_ARGUMENT,
                    "a_field_with_a_rather_long_name.and_another_one_inside_of_it_too", TEXT_FMT,
                    TEXT_ARGS(buffer_text(&text)));
    SCOPED(rpc_status) struct rpc_status status = { 0 };
    rpc_status_from_error(&status, &err);
    SCOPED(details) struct details d = details_of(&status);
    assert_non_null(d.bad_request);
    assert_utf8(d.bad_request->field_violations[0]->field);
    assert_true(trailer_bytes(&status) <= TRAILERS_MAX);
}

/* ---- outcomes ----------------------------------------------------------------------------- */

static const struct {
    enum upstream_outcome outcome;
    enum http_method method;
    enum rpc_code code;
    const char *reason;
    bool may_have_acted;
} outcomes[] = {
    { UPSTREAM_UNREACHABLE, HTTP_GET, RPC_UNAVAILABLE, "UNAVAILABLE", false },
    { UPSTREAM_UNREACHABLE, HTTP_POST, RPC_UNAVAILABLE, "UNAVAILABLE", false },
    { UPSTREAM_LOST, HTTP_GET, RPC_UNAVAILABLE, "UNAVAILABLE", false },
    { UPSTREAM_LOST, HTTP_POST, RPC_UNAVAILABLE, "OUTCOME_UNKNOWN", true },
    { UPSTREAM_LOST, HTTP_DELETE, RPC_UNAVAILABLE, "OUTCOME_UNKNOWN", true },
    { UPSTREAM_TIMED_OUT, HTTP_GET, RPC_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", false },
    { UPSTREAM_TOO_LARGE, HTTP_GET, RPC_RESOURCE_EXHAUSTED, "RESOURCE_EXHAUSTED", false },
    { UPSTREAM_MALFORMED, HTTP_GET, RPC_INTERNAL, "INTERNAL", false },
    { UPSTREAM_CANCELLED, HTTP_POST, RPC_CANCELLED, "CANCELLED", false },
    { UPSTREAM_FAILED, HTTP_POST, RPC_INTERNAL, "INTERNAL", false },
};

static void
every_outcome_without_an_answer_has_its_code_and_says_what_may_have_happened(void **state)
{
    const struct method *m = method_named(*state, get_snapshot);
    for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
        struct upstream_exchange exchange = { .outcome = outcomes[i].outcome,
                                              .method = outcomes[i].method,
                                              .detail = "connection refused" };
        SCOPED(rpc_status) struct rpc_status status = { 0 };
        rpc_status_from_outcome(&status, m, &exchange);
        assert_int_equal(status.code, outcomes[i].code);
        assert_non_null(strstr(status.message, get_snapshot));
        assert_non_null(strstr(status.message, "connection refused"));
        assert_int_equal(strstr(status.message, "may have been carried out") != NULL,
                         outcomes[i].may_have_acted);
        SCOPED(details) struct details d = details_of(&status);
        assert_string_equal(d.info->reason, outcomes[i].reason);
        assert_string_equal(d.info->domain, "hypeman-gateway");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_the_name_grpc_gives_it),
        cmocka_unit_test(every_http_status_has_the_code_of_the_canonical_table),
        cmocka_unit_test(every_error_of_ours_has_a_code_and_none_but_none_is_ok),
        cmocka_unit_test(an_error_of_the_api_keeps_its_reason_and_message),
        cmocka_unit_test(the_request_id_is_the_answers_or_the_callers),
        cmocka_unit_test(a_date_in_retry_after_counts_from_the_answers_own),
        cmocka_unit_test(the_methods_error_rules_come_before_the_table),
        cmocka_unit_test(retry_after_in_seconds_becomes_retry_info),
        cmocka_unit_test(a_validators_answer_that_is_no_json_is_read_all_the_same),
        cmocka_unit_test(any_body_gives_a_message),
        cmocka_unit_test(an_error_of_100_kb_keeps_its_code_and_has_small_trailers),
        cmocka_unit_test(a_long_reason_or_page_is_cut_on_a_character),
        cmocka_unit_test(nul_and_broken_utf8_neither_cut_nor_spoil_what_is_sent),
        cmocka_unit_test(an_error_of_ours_names_the_field_in_bad_request),
        cmocka_unit_test(an_error_without_a_field_has_no_bad_request),
        cmocka_unit_test(the_longest_error_of_ours_still_has_small_trailers),
        cmocka_unit_test(
            every_outcome_without_an_answer_has_its_code_and_says_what_may_have_happened),
    };
    return cmocka_run_group_tests_name("gateway/proxy/rpc_status", tests, given_hypeman,
                                       forget_schema);
}
