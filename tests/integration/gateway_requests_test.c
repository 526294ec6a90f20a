/* What a client may send, right or wrong: nothing of it brings the gateway down, and what it
 * refuses never reaches the REST server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/buffer.h"
#include "tests/support/gateway_rig.h"

#define GET_SNAPSHOT    "/hypeman.v1.SnapshotService/GetSnapshot"
#define CREATE_SNAPSHOT "/hypeman.v1.SnapshotService/CreateSnapshot"

/* ---- Helpers ------------------------------------------------------------------------------- */

/* The call ends with that code and a message with these words, the REST server hears nothing of it,
 * and the next call works. */
static void assert_refused(struct gateway_rig *rig, const struct grpc_raw_request *request,
                           enum rpc_code code, const char *words)
{
    size_t before = fake_upstream_request_count(rig->upstream);
    SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = grpc_raw_run(rig->channel, request);
    if (reply.code != (int)code || strstr(reply.message, words) == NULL)
        fail_msg("%s: expected %s saying \"%s\", got %s: %s", request->path, rpc_code_name(code),
                 words, rpc_code_name((enum rpc_code)reply.code), reply.message);
    assert_int_equal(fake_upstream_request_count(rig->upstream), before);
    gateway_rig_assert_serves(rig);
}

static void assert_refused_field(struct gateway_rig *rig, const struct grpc_raw_request *request,
                                 const char *field)
{
    struct gateway_details details;
    size_t before = fake_upstream_request_count(rig->upstream);
    SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = grpc_raw_run(rig->channel, request);
    assert_int_equal(reply.code, RPC_INVALID_ARGUMENT);
    assert_true(gateway_details_read(&reply, &rig->memory, &details));
    assert_string_equal(details.field, field);
    assert_string_equal(details.reason, "INVALID_ARGUMENT");
    assert_string_equal(details.domain, "hypeman-gateway");
    assert_non_null(strstr(reply.message, field));
    assert_int_equal(fake_upstream_request_count(rig->upstream), before);
    gateway_rig_assert_serves(rig);
}

/* The first line of the last request the REST server got. */
static struct text last_request_line(struct gateway_rig *rig)
{
    size_t count = fake_upstream_request_count(rig->upstream);
    assert_true(count > 0);
    struct text bytes = fake_upstream_request(rig->upstream, count - 1).bytes;
    return text_split(&bytes, '\r');
}

static struct text repeat(struct arena *memory, const char *piece, size_t times)
{
    SCOPED(buffer) struct buffer all = buffer_capped((size_t)64 << 20);
    for (size_t i = 0; i < times; i++)
        buffer_append_cstr(&all, piece);
    assert_false(all.failed);
    return (struct text){ arena_copy(memory, buffer_text(&all)), all.len };
}

/* ---- Methods ------------------------------------------------------------------------------- */

static void a_method_that_does_not_exist_is_unimplemented(void **state)
{
    struct gateway_rig *rig = *state;
    const struct {
        const char *path;
    } cases[] = {
        { "/hypeman.v1.SnapshotService/Nope" },
        { "/hypeman.v1.NoService/GetSnapshot" },
        { "/hypeman.v1.SnapshotService/getsnapshot" },
        { "/hypeman.v1.SnapshotService/GetSnapshot/" },
        { "/hypeman.v1.SnapshotService" },
        { "//" },
        { "/" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_refused(rig, &(struct grpc_raw_request){ .path = cases[i].path }, RPC_UNIMPLEMENTED,
                       cases[i].path);
}

static void an_unknown_method_is_answered_within_ten_milliseconds(void **state)
{
    struct gateway_rig *rig = *state;
    int64_t best_ms = INT64_MAX;
    gateway_rig_assert_serves(rig); /* connects */
    for (int i = 0; i < 20; i++) {
        SCOPED(grpc_raw_reply)
        struct grpc_raw_reply reply =
            grpc_raw_run(rig->channel, &(struct grpc_raw_request){ .path = "/x.Y/Z" });
        assert_int_equal(reply.code, RPC_UNIMPLEMENTED);
        best_ms = reply.elapsed_ms < best_ms ? reply.elapsed_ms : best_ms;
    }
    assert_in_range(best_ms, 0, 9);
}

static void the_name_of_an_unknown_method_may_be_very_long(void **state)
{
    struct gateway_rig *rig = *state;
    const char *path =
        arena_printf(&rig->memory, "/%s", repeat(&rig->memory, "n\xC3\xA9", 1500).data);
    SCOPED(grpc_raw_reply)
    struct grpc_raw_reply reply =
        grpc_raw_run(rig->channel, &(struct grpc_raw_request){ .path = path });
    assert_int_equal(reply.code, RPC_UNIMPLEMENTED);
    assert_true(strlen(reply.message) <= RPC_MESSAGE_MAX);
    assert_true(text_is_utf8(text_of(reply.message)));
    gateway_rig_assert_serves(rig);
}

/* ---- Path fields --------------------------------------------------------------------------- */

static void a_path_field_that_would_lead_elsewhere_is_refused(void **state)
{
    const struct text messages[] = { TEXT(""), TEXT("\n\0"), TEXT("\n\1."), TEXT("\n\2..") };
    for (size_t i = 0; i < ARRAY_LEN(messages); i++)
        assert_refused_field(
            *state, &(struct grpc_raw_request){ .path = GET_SNAPSHOT, .message = messages[i] },
            "snapshot_id");
}

static void a_path_field_stays_one_segment(void **state)
{
    struct gateway_rig *rig = *state;
    const struct {
        struct text message;
        const char *line;
    } cases[] = {
        { TEXT("\n\6a/../b"), "GET /snapshots/a%2F..%2Fb HTTP/1.1" },
        { TEXT("\n\3../"), "GET /snapshots/..%2F HTTP/1.1" },
        { TEXT("\n\5%2e%2"), "GET /snapshots/%252e%252 HTTP/1.1" },
        { TEXT("\n\6a b\r\nc"), "GET /snapshots/a%20b%0D%0Ac HTTP/1.1" },
        { TEXT("\n\3a?b"), "GET /snapshots/a%3Fb HTTP/1.1" },
        { TEXT("\n\3a#b"), "GET /snapshots/a%23b HTTP/1.1" },
        { TEXT("\n\3a\0b"), "GET /snapshots/a%00b HTTP/1.1" },
        { TEXT("\n\2\xC3\xA9"), "GET /snapshots/%C3%A9 HTTP/1.1" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        SCOPED(grpc_raw_reply)
        struct grpc_raw_reply reply =
            gateway_rig_call(rig, "SnapshotService/GetSnapshot", cases[i].message);
        if (reply.code != RPC_OK)
            fail_msg("%s: %s", cases[i].line, reply.message);
        struct text line = last_request_line(rig);
        if (!text_equal_cstr(line, cases[i].line))
            fail_msg("expected %s, got " TEXT_FMT, cases[i].line, TEXT_ARGS(line));
    }
}

/* Takes percent escapes apart; what stands unescaped must be unreserved (RFC 3986 2.3). */
static struct text unescaped(struct arena *memory, struct text t)
{
    char *out = arena_alloc(memory, t.len + 1);
    size_t len = 0;
    assert_non_null(out);
    for (size_t i = 0; i < t.len; i++) {
        unsigned byte = (unsigned char)t.data[i];
        if (byte == '%') {
            assert_true(i + 2 < t.len && sscanf(t.data + i + 1, "%2X", &byte) == 1);
            i += 2;
        } else {
            assert_true(isalnum((int)byte) || strchr("-._~", (int)byte) != NULL);
        }
        out[len++] = (char)byte;
    }
    return (struct text){ out, len };
}

/* Each ASCII character, and each byte that longer characters are made of. */
static void every_byte_of_a_path_field_reaches_the_server_as_it_was(void **state)
{
    enum { ASCII = 128, LEAD = 30 /* C2 to DF */, FOLLOWING = 64, LONGER = 21 /* E0 to F4 */ };
    struct gateway_rig *rig = *state;
    const struct text before = TEXT("GET /snapshots/");
    const struct text after = TEXT(" HTTP/1.1");
    for (unsigned i = 0; i < ASCII + FOLLOWING + LONGER; i++) {
        char value[8] = "x";
        size_t len = 1;
        if (i < ASCII) {
            value[len++] = (char)i;
        } else if (i < ASCII + FOLLOWING) {
            value[len++] = (char)(0xC2 + i % LEAD);
            value[len++] = (char)(0x80 + i - ASCII);
        } else {
            unsigned lead = 0xE0 + i - ASCII - FOLLOWING;
            value[len++] = (char)lead;
            value[len++] = (char)(lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80);
            value[len++] = (char)0x80;
            if (lead >= 0xF0)
                value[len++] = (char)0xBF;
        }
        const struct text sent = { value, len };
        SCOPED(grpc_raw_reply)
        struct grpc_raw_reply reply =
            gateway_rig_call(rig, "SnapshotService/GetSnapshot", wire_field(&rig->memory, 1, sent));
        if (reply.code != RPC_OK)
            fail_msg("%u: %s", i, reply.message);
        struct text line = last_request_line(rig);
        assert_true(text_starts_with(line, before) && line.len > before.len + after.len);
        line = (struct text){ line.data + before.len, line.len - before.len - after.len };
        struct text got = unescaped(&rig->memory, line);
        if (!text_equal(got, sent))
            fail_msg("%u came as " TEXT_FMT, i, TEXT_ARGS(line));
    }
}

/* ---- Bytes --------------------------------------------------------------------------------- */

static void bytes_that_are_no_message_are_invalid(void **state)
{
    const struct {
        struct text message;
        const char *what;
    } cases[] = {
        { TEXT("\n\2\xff\xfe"), "a string that is not UTF-8" },
        { TEXT("\n\3\xed\xa0\x80"), "a surrogate in a string" },
        { TEXT("\n\2\xC3"), "a string longer than the message" },
        { TEXT("\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "a length beyond everything" },
        { TEXT("\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), "a varint without end" },
        { TEXT("\x08\x01"), "a number where a string belongs" },
        { TEXT("\x0c"), "an end of a group that was not begun" },
        { TEXT("\x0e"), "a wire type that does not exist" },
        { TEXT("\x00\x00"), "field number 0" },
        { TEXT("\xff"), "half a tag" },
    };
    struct gateway_rig *rig = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t before = fake_upstream_request_count(rig->upstream);
        SCOPED(grpc_raw_reply)
        struct grpc_raw_reply reply =
            gateway_rig_call(rig, "SnapshotService/GetSnapshot", cases[i].message);
        if (reply.code != RPC_INVALID_ARGUMENT ||
            fake_upstream_request_count(rig->upstream) != before)
            fail_msg("%s: %s: %s", cases[i].what, rpc_code_name((enum rpc_code)reply.code),
                     reply.message);
        gateway_rig_assert_serves(rig);
    }
}

/* Every member of the request, so that each kind of value is cut somewhere. */
static struct text full_create_snapshot(struct arena *memory)
{
    struct text tag = wire_and(memory, wire_field(memory, 1, TEXT("team")), 2, TEXT("core"));
    struct text message = wire_field(memory, 1, TEXT("instance-1"));
    message = wire_and(memory, message, 3, TEXT("nightly"));
    message = wire_and(memory, message, 4, tag);
    message = wire_and(memory, message, 4, tag);
    message = wire_and(memory, message, 5, TEXT("\x08\x01\x10\x01\x18\x13"));
    return (struct text){ arena_printf(memory, TEXT_FMT "\x10\x01", TEXT_ARGS(message)),
                          message.len + 2 };
}

static void a_request_cut_anywhere_is_refused_or_translated(void **state)
{
    struct gateway_rig *rig = *state;
    struct text whole = full_create_snapshot(&rig->memory);
    size_t refused = 0;
    for (size_t len = 0; len <= whole.len; len++) {
        size_t before = fake_upstream_request_count(rig->upstream);
        SCOPED(grpc_raw_reply)
        struct grpc_raw_reply reply = gateway_rig_call(rig, "SnapshotService/CreateSnapshot",
                                                       (struct text){ whole.data, len });
        size_t asked = fake_upstream_request_count(rig->upstream) - before;
        bool ok =
            reply.code == RPC_OK ? asked == 1 : reply.code == RPC_INVALID_ARGUMENT && asked == 0;
        if (!ok)
            fail_msg("the first %zu bytes: %s: %s, %zu requests", len,
                     rpc_code_name((enum rpc_code)reply.code), reply.message, asked);
        refused += reply.code != RPC_OK;
    }
    assert_true(refused > whole.len / 2);
    gateway_rig_assert_serves(rig);
}

static void groups_nested_ten_thousand_deep_are_refused(void **state)
{
    struct gateway_rig *rig = *state;
    struct text begun = repeat(&rig->memory, "\x7b", 10000);
    struct text ended = repeat(&rig->memory, "\x7c", 10000);
    const char *both = arena_printf(&rig->memory, "%s%s", begun.data, ended.data);
    const struct text messages[] = { begun, ended, { both, begun.len + ended.len } };
    for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
        struct text message = wire_and(&rig->memory, messages[i], 1, TEXT("s1"));
        assert_refused(rig, &(struct grpc_raw_request){ .path = GET_SNAPSHOT, .message = message },
                       RPC_INVALID_ARGUMENT, "");
    }
}

/* A Node in a Node in a Node..., written from the innermost outwards, that is, from the end. */
static struct text nested_nodes(struct arena *memory, size_t depth)
{
    enum { CHILD = 2 << 3 | 2, BYTES_PER_LEVEL = 4 };
    char *bytes = arena_alloc(memory, depth * BYTES_PER_LEVEL);
    assert_non_null(bytes);
    char *end = bytes + depth * BYTES_PER_LEVEL;
    char *at = end;
    while (depth-- > 0) {
        size_t len = (size_t)(end - at);
        int shift = len < 1 << 7 ? 0 : len < 1 << 14 ? 7 : 14;
        for (int s = shift; s >= 0; s -= 7)
            *--at = (char)((len >> s & 0x7f) | (s == shift ? 0 : 0x80));
        *--at = CHILD;
    }
    return (struct text){ at, (size_t)(end - at) };
}

static void messages_nested_ten_thousand_deep_are_refused(void **state)
{
    (void)state;
    const char *flags[] = { "--descriptor-set", TREE_DESCRIPTOR_SET, NULL };
    struct gateway_rig *rig = gateway_rig_start(flags);
    struct text message = wire_and(&rig->memory, nested_nodes(&rig->memory, 10000), 1, TEXT("top"));

    SCOPED(grpc_raw_reply)
    struct grpc_raw_reply reply = grpc_raw_run(
        rig->channel,
        &(struct grpc_raw_request){ .path = "/tree.v1.TreeService/PutNode", .message = message });
    assert_int_equal(reply.code, RPC_INVALID_ARGUMENT);
    assert_int_equal(fake_upstream_request_count(rig->upstream), 0);

    SCOPED(grpc_raw_reply)
    struct grpc_raw_reply next = grpc_raw_run(
        rig->channel, &(struct grpc_raw_request){ .path = "/tree.v1.TreeService/PutNode",
                                                  .message = TEXT("\n\3top\x12\3\n\1b") });
    assert_int_equal(next.code, RPC_OK);
    assert_true(text_equal_cstr(last_request_line(rig), "PUT /nodes/top HTTP/1.1"));
    assert_true(text_equal_cstr(fake_upstream_request(rig->upstream, 0).body,
                                "{\"child\":{\"id\":\"b\"}}"));
    gateway_rig_stop(rig);
}

static void a_message_of_five_mebibytes_is_too_large(void **state)
{
    struct gateway_rig *rig = *state;
    struct text name = repeat(&rig->memory, "n", (size_t)5 << 20);
    struct text message = wire_and(&rig->memory, TEXT("\n\2i1"), 3, name);
    assert_refused(rig, &(struct grpc_raw_request){ .path = CREATE_SNAPSHOT, .message = message },
                   RPC_RESOURCE_EXHAUSTED, "larger than");
}

static void a_message_of_three_mebibytes_is_translated(void **state)
{
    struct gateway_rig *rig = *state;
    struct text name = repeat(&rig->memory, "n", (size_t)3 << 20);
    SCOPED(grpc_raw_reply)
    struct grpc_raw_reply reply = gateway_rig_call(rig, "SnapshotService/CreateSnapshot",
                                                   wire_and(&rig->memory, TEXT("\n\2i1"), 3, name));
    assert_int_equal(reply.code, RPC_OK);
    size_t count = fake_upstream_request_count(rig->upstream);
    assert_int_equal(fake_upstream_request(rig->upstream, count - 1).body.len,
                     name.len + strlen("{\"name\":\"\"}"));
}

static void a_call_without_a_message_is_invalid(void **state)
{
    assert_refused(*state, &(struct grpc_raw_request){ .path = GET_SNAPSHOT, .no_message = true },
                   RPC_INVALID_ARGUMENT, "no request message");
}

/* ---- Below gRPC ---------------------------------------------------------------------------- */

static void a_peer_that_does_not_speak_http2_harms_nobody(void **state)
{
    struct gateway_rig *rig = *state;
    const struct text greetings[] = {
        TEXT("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        TEXT("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), /* a TLS hello */
        TEXT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
        TEXT("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        TEXT(""),
    };
    struct text target = text_of(rig->target);
    uint64_t port = 0;
    (void)text_split(&target, ':');
    assert_true(text_parse_u64(target, &port));
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fds[ARRAY_LEN(greetings)];
    for (size_t i = 0; i < ARRAY_LEN(greetings); i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(fds[i] >= 0);
        assert_int_equal(connect(fds[i], (struct sockaddr *)&address, sizeof address), 0);
        assert_int_equal(send(fds[i], greetings[i].data, greetings[i].len, MSG_NOSIGNAL),
                         greetings[i].len);
        gateway_rig_assert_serves(rig);
    }
    for (size_t i = 0; i < ARRAY_LEN(greetings); i++)
        close(fds[i]);
    gateway_rig_assert_serves(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_method_that_does_not_exist_is_unimplemented),
        cmocka_unit_test(an_unknown_method_is_answered_within_ten_milliseconds),
        cmocka_unit_test(the_name_of_an_unknown_method_may_be_very_long),
        cmocka_unit_test(a_path_field_that_would_lead_elsewhere_is_refused),
        cmocka_unit_test(a_path_field_stays_one_segment),
        cmocka_unit_test(every_byte_of_a_path_field_reaches_the_server_as_it_was),
        cmocka_unit_test(bytes_that_are_no_message_are_invalid),
        cmocka_unit_test(a_request_cut_anywhere_is_refused_or_translated),
        cmocka_unit_test(groups_nested_ten_thousand_deep_are_refused),
        cmocka_unit_test(messages_nested_ten_thousand_deep_are_refused),
        cmocka_unit_test(a_message_of_five_mebibytes_is_too_large),
        cmocka_unit_test(a_message_of_three_mebibytes_is_translated),
        cmocka_unit_test(a_call_without_a_message_is_invalid),
        cmocka_unit_test(a_peer_that_does_not_speak_http2_harms_nobody),
    };
    return cmocka_run_group_tests(tests, gateway_rig_setup, gateway_rig_teardown);
}
