/* Compressed messages, as they are on the wire: written and read frame by frame, since a client
 * library would do the one and undo the other by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <zlib.h>

#include "tests/support/gateway_rig.h"
#include "tests/support/h2_frames.h"
#include "tests/support/http_client.h"

#define GET_SNAPSHOT    "/hypeman.v1.SnapshotService/GetSnapshot"
#define CREATE_SNAPSHOT "/hypeman.v1.SnapshotService/CreateSnapshot"
#define REFLECTION      "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"

enum { MIB = 1 << 20, GZIP = 31, ZLIB = 15 /* window bits, as zlib says it */ };

static const struct text one_id = TEXT("\n\2s1");

/* ---- Helpers ------------------------------------------------------------------------------- */

/* Deflated as well as it can be. */
static struct text packed(struct arena *memory, struct text plain, int window_bits)
{
    z_stream z = { .next_in = (z_const Bytef *)(uintptr_t)plain.data, .avail_in = (uInt)plain.len };
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window_bits, 9, Z_DEFAULT_STRATEGY), Z_OK);
    const size_t room = deflateBound(&z, plain.len);
    char *bytes = arena_alloc(memory, room);
    assert_non_null(bytes);
    z.next_out = (Bytef *)bytes;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return (struct text){ bytes, room - z.avail_out };
}

static struct text unpacked(struct arena *memory, struct text gzip)
{
    char *bytes = arena_alloc(memory, MIB);
    z_stream z = { .next_in = (z_const Bytef *)(uintptr_t)gzip.data,
                   .avail_in = (uInt)gzip.len,
                   .next_out = (Bytef *)bytes,
                   .avail_out = MIB };
    assert_int_equal(inflateInit2(&z, GZIP), Z_OK);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    inflateEnd(&z);
    return (struct text){ bytes, MIB - z.avail_out };
}

static struct text zeros(struct arena *memory, size_t len)
{
    return (struct text){ arena_zalloc(memory, len), len };
}

struct h2_request {
    const char *path;
    const char *encoding; /* grpc-encoding; NULL: not sent        */
    const char *accepts;  /* grpc-accept-encoding, likewise       */
    bool is_flagged;      /* the message says that it is compressed */
    struct text message;
};

/* What came back for it, to the end of the stream. */
struct h2_reply {
    struct text head; /* payloads of all HEADERS, which C-core writes as plain text */
    struct text data; /* of all DATA: messages, each with its five bytes in front   */
};

static void append_call(struct buffer *out, const struct h2_request *request)
{
    SCOPED(buffer) struct buffer head = buffer_capped(H2_PAYLOAD_MAX);
    SCOPED(buffer) struct buffer data = buffer_capped(MIB);
    h2_append_field(&head, ":method", "POST");
    h2_append_field(&head, ":scheme", "http");
    h2_append_field(&head, ":path", request->path);
    h2_append_field(&head, ":authority", "x");
    h2_append_field(&head, "content-type", "application/grpc");
    h2_append_field(&head, "te", "trailers");
    if (request->encoding != NULL)
        h2_append_field(&head, "grpc-encoding", request->encoding);
    if (request->accepts != NULL)
        h2_append_field(&head, "grpc-accept-encoding", request->accepts);
    const size_t len = request->message.len;
    const uint8_t front[] = { request->is_flagged, (uint8_t)(len >> 24), (uint8_t)(len >> 16),
                              (uint8_t)(len >> 8), (uint8_t)len };
    buffer_append(&data, front, sizeof front);
    buffer_append_text(&data, request->message);
    assert_false(data.failed);

    h2_append_greeting(out);
    h2_append_frame(out, H2_HEADERS, H2_END_HEADERS, 1, buffer_text(&head));
    for (size_t at = 0; at < data.len; at += H2_PAYLOAD_MAX) {
        const size_t left = data.len - at;
        const bool is_last = left <= H2_PAYLOAD_MAX;
        h2_append_frame(out, H2_DATA, is_last ? H2_END_STREAM : 0, 1,
                        (struct text){ data.data + at, is_last ? left : H2_PAYLOAD_MAX });
    }
}

static void receive(const struct http_client *client, void *to, size_t len)
{
    assert_int_equal(recv(client->fd, to, len, MSG_WAITALL), len);
}

static struct h2_reply read_reply(const struct http_client *client, struct arena *memory)
{
    SCOPED(buffer) struct buffer head = buffer_capped(MIB);
    SCOPED(buffer) struct buffer data = buffer_capped(MIB);
    for (bool ended = false; !ended;) {
        uint8_t frame[9];
        receive(client, frame, sizeof frame);
        const size_t len = (size_t)frame[0] << 16 | (size_t)frame[1] << 8 | frame[2];
        struct buffer *to = frame[3] == H2_DATA ? &data : &head;
        const size_t before = to->len;
        if (len > 0)
            receive(client, buffer_reserve(to, len), len);
        buffer_commit(to, len);
        if (frame[3] != H2_DATA && frame[3] != H2_HEADERS)
            to->len = before;
        ended = frame[3] <= H2_HEADERS && (frame[4] & H2_END_STREAM) != 0;
    }
    return (struct h2_reply){ { arena_copy(memory, buffer_text(&head)), head.len },
                              { arena_copy(memory, buffer_text(&data)), data.len } };
}

static struct h2_reply run(struct gateway_rig *rig, const struct h2_request *request)
{
    SCOPED(buffer) struct buffer bytes = buffer_capped(MIB);
    struct http_client client;
    append_call(&bytes, request);
    assert_true(http_client_open(&client, arena_printf(&rig->memory, "http://%s", rig->target)));
    assert_true(http_client_send(&client, bytes.data, bytes.len));
    struct h2_reply reply = read_reply(&client, &rig->memory);
    http_client_close(&client);
    return reply;
}

static bool has_header(const struct h2_reply *reply, const char *name, const char *value)
{
    char field[256];
    const int len = snprintf(field, sizeof field, "%s%c%s", name, (char)strlen(value), value);
    return memmem(reply->head.data, reply->head.len, field, (size_t)len) != NULL;
}

static void assert_code(const struct h2_reply *reply, enum rpc_code code)
{
    char number[8];
    (void)snprintf(number, sizeof number, "%d", (int)code);
    if (!has_header(reply, "grpc-status", number))
        fail_msg("expected %s in: %.*s", rpc_code_name(code), (int)reply->head.len,
                 reply->head.data);
}

/* Takes the next message of a reply. */
static struct text next_message(struct h2_reply *reply, bool *is_flagged)
{
    const uint8_t *front = (const uint8_t *)reply->data.data;
    assert_true(reply->data.len >= 5);
    const size_t len =
        (size_t)front[1] << 24 | (size_t)front[2] << 16 | (size_t)front[3] << 8 | (size_t)front[4];
    assert_true(reply->data.len - 5 >= len);
    const struct text message = { reply->data.data + 5, len };
    *is_flagged = front[0] != 0;
    reply->data = (struct text){ message.data + len, reply->data.len - 5 - len };
    return message;
}

/* The most memory the gateway has had in RAM, since the last question that began anew. */
static long peak_kib(const struct gateway_rig *rig, bool begin)
{
    char path[64];
    char line[256];
    long kib = -1;
    (void)snprintf(path, sizeof path, "/proc/%d/clear_refs", (int)rig->program.pid);
    FILE *file = fopen(path, begin ? "we" : "re");
    if (begin) {
        assert_non_null(file);
        assert_true(fputs("5", file) >= 0);
    }
    if (file != NULL)
        (void)fclose(file);
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)rig->program.pid);
    file = fopen(path, "re");
    assert_non_null(file);
    while (kib < 0 && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "VmHWM: %ld", &kib) != 1)
            kib = -1;
    (void)fclose(file);
    assert_true(kib > 0);
    return kib;
}

/* ---- In ------------------------------------------------------------------------------------ */

static void compressed_messages_are_understood(void **state)
{
    struct gateway_rig *rig = *state;
    const struct {
        const char *encoding;
        bool is_flagged;
        struct text message;
    } cases[] = {
        { NULL, false, one_id },
        { "identity", false, one_id },
        { "gzip", true, packed(&rig->memory, one_id, GZIP) },
        { "deflate", true, packed(&rig->memory, one_id, ZLIB) },
        { "gzip", false, one_id }, /* each message says for itself whether it is one */
        { "snappy", false, one_id },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const size_t before = fake_upstream_request_count(rig->upstream);
        const struct h2_reply reply = run(rig, &(struct h2_request){
                                                   .path = GET_SNAPSHOT,
                                                   .encoding = cases[i].encoding,
                                                   .is_flagged = cases[i].is_flagged,
                                                   .message = cases[i].message,
                                               });
        assert_code(&reply, RPC_OK);
        assert_int_equal(fake_upstream_request_count(rig->upstream), before + 1);
        assert_true(text_starts_with(fake_upstream_request(rig->upstream, before).bytes,
                                     TEXT("GET /snapshots/s1 HTTP/1.1\r\n")));
    }
}

static void what_is_not_compressed_as_it_says_is_refused(void **state)
{
    struct gateway_rig *rig = *state;
    const struct text gzip = packed(&rig->memory, one_id, GZIP);
    const struct {
        const char *encoding;
        struct text message;
        enum rpc_code code;
    } cases[] = {
        { "gzip", one_id, RPC_INVALID_ARGUMENT },
        { "gzip", { gzip.data, gzip.len - 1 }, RPC_INVALID_ARGUMENT },
        { "deflate", gzip, RPC_INVALID_ARGUMENT },
        { "snappy", one_id, RPC_UNIMPLEMENTED }, /* C-core takes it for a plain one */
        { "zstd", gzip, RPC_UNIMPLEMENTED },
        { "identity", one_id, RPC_UNIMPLEMENTED },
        { NULL, one_id, RPC_UNIMPLEMENTED },
    };
    const size_t before = fake_upstream_request_count(rig->upstream);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct h2_reply reply = run(rig, &(struct h2_request){
                                                   .path = CREATE_SNAPSHOT,
                                                   .encoding = cases[i].encoding,
                                                   .is_flagged = true,
                                                   .message = cases[i].message,
                                               });
        assert_code(&reply, cases[i].code);
        if (cases[i].code == RPC_UNIMPLEMENTED)
            assert_true(has_header(&reply, "grpc-accept-encoding", "identity, deflate, gzip"));
    }
    assert_int_equal(fake_upstream_request_count(rig->upstream), before);
}

static void a_bomb_is_refused_before_it_goes_off(void **state)
{
    struct gateway_rig *rig = *state;
    const struct text plain = zeros(&rig->memory, (size_t)64 * MIB);
    const struct text honest = packed(&rig->memory, plain, GZIP);
    const struct text zlib = packed(&rig->memory, plain, ZLIB);
    char *liar = arena_copy(&rig->memory, honest); /* says that it inflates to one byte */
    memcpy(liar + honest.len - 4, "\1\0\0\0", 4);
    const struct h2_request bombs[] = {
        { GET_SNAPSHOT, "gzip", NULL, true, honest },
        { GET_SNAPSHOT, "gzip", NULL, true, { liar, honest.len } },
        { GET_SNAPSHOT, "deflate", NULL, true, zlib },
    };
    assert_in_range(honest.len, 60000, 70000);
    gateway_rig_assert_serves(rig);
    const long before = peak_kib(rig, true);
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < ARRAY_LEN(bombs); i++) {
            const struct h2_reply reply = run(rig, &bombs[i]);
            assert_code(&reply, RPC_RESOURCE_EXHAUSTED);
        }
    const long grown = peak_kib(rig, false) - before;
    print_message("nine bombs: the peak grew by %ld KiB\n", grown);
    if (!HAS_SHADOW_MEMORY && !KEEPS_FREED_MEMORY)
        assert_in_range(grown, 0, 6 * 1024 - 1);
}

static void a_stock_client_may_compress(void **state)
{
    struct gateway_rig *rig = *state;
    char *name = arena_alloc(&rig->memory, (size_t)3 * MIB);
    memset(name, 'n', (size_t)3 * MIB);
    const struct text message =
        wire_and(&rig->memory, TEXT("\n\2i1"), 3, (struct text){ name, (size_t)3 * MIB });
    const size_t before = fake_upstream_request_count(rig->upstream);
    SCOPED(grpc_raw_reply)
    struct grpc_raw_reply reply = grpc_raw_run(
        rig->channel,
        &(struct grpc_raw_request){ .path = CREATE_SNAPSHOT, .message = message, .gzip = true });
    assert_int_equal(reply.code, RPC_OK);
    assert_int_equal(fake_upstream_request(rig->upstream, before).body.len,
                     (size_t)3 * MIB + strlen("{\"name\":\"\"}"));
}

/* ---- Out ----------------------------------------------------------------------------------- */

/* {"id":"aaa..."}, whose reply has so many bytes in all. */
static struct text answer_of(struct gateway_rig *rig, size_t reply_bytes)
{
    enum { FRONT = 1 + 3 }; /* of a field of 16 KiB and more: tag and length */
    const size_t len = reply_bytes - FRONT;
    char *id = arena_alloc(&rig->memory, len + 1);
    memset(id, 'a', len);
    id[len] = '\0';
    fake_upstream_answer(rig->upstream, 200, arena_printf(&rig->memory, "{\"id\":\"%s\"}", id));
    return wire_field(&rig->memory, 1, (struct text){ id, len });
}

static void assert_reply(struct gateway_rig *rig, const char *accepts, size_t bytes, bool is_gzip)
{
    const struct text expected = answer_of(rig, bytes);
    struct h2_reply reply = run(rig, &(struct h2_request){
                                         .path = GET_SNAPSHOT,
                                         .accepts = accepts,
                                         .message = one_id,
                                     });
    bool is_flagged = false;
    struct text message = next_message(&reply, &is_flagged);
    assert_code(&reply, RPC_OK);
    if (is_flagged != is_gzip || has_header(&reply, "grpc-encoding", "gzip") != is_gzip)
        fail_msg("a reply of %zu bytes to \"%s\" is %sa gzip", bytes,
                 accepts == NULL ? "" : accepts, is_flagged ? "" : "not ");
    if (is_flagged) {
        assert_true(message.len < bytes);
        message = unpacked(&rig->memory, message);
    }
    assert_true(text_equal(message, expected));
    assert_int_equal(reply.data.len, 0);
}

static void large_replies_go_as_gzip_to_who_accepts_it(void **state)
{
    struct gateway_rig *rig = *state;
    assert_reply(rig, "identity,deflate,gzip", 16388, true);
    assert_reply(rig, "gzip", 60000, true);
    assert_reply(rig, NULL, 60000, false);
    assert_reply(rig, "identity", 60000, false);
    assert_reply(rig, "deflate", 60000, false);
    assert_reply(rig, "br", 60000, false);
}

static void small_replies_go_as_they_are(void **state)
{
    (void)state;
    const char *flags[] = { "--gzip-from", "20000", NULL };
    struct gateway_rig *rig = gateway_rig_start(flags);
    assert_reply(rig, "gzip", 19999, false);
    assert_reply(rig, "gzip", 20000, true);
    gateway_rig_stop(rig);
}

static void gzip_can_be_switched_off(void **state)
{
    (void)state;
    const char *flags[] = { "--gzip-from", "0", NULL };
    struct gateway_rig *rig = gateway_rig_start(flags);
    assert_reply(rig, "gzip", 60000, false);
    gateway_rig_stop(rig);
}

static void a_stock_client_reads_compressed_replies(void **state)
{
    struct gateway_rig *rig = *state;
    const struct text expected = answer_of(rig, 300000);
    SCOPED(grpc_raw_reply)
    struct grpc_raw_reply reply = gateway_rig_call(rig, "SnapshotService/GetSnapshot", one_id);
    assert_int_equal(reply.code, RPC_OK);
    assert_true(text_equal(reply.body, expected));
}

/* list_services, then file_containing_symbol, both on one stream. */
static void messages_of_a_stream_are_compressed_one_by_one(void **state)
{
    struct gateway_rig *rig = *state;
    const struct text symbol = wire_field(&rig->memory, 4, TEXT("hypeman.v1.InstanceService"));
    struct h2_reply reply = run(rig, &(struct h2_request){
                                         .path = REFLECTION,
                                         .accepts = "gzip",
                                         .message = symbol,
                                     });
    bool is_flagged = false;
    assert_code(&reply, RPC_OK);
    assert_true(has_header(&reply, "grpc-encoding", "gzip"));
    struct text message = next_message(&reply, &is_flagged);
    assert_true(is_flagged);
    message = unpacked(&rig->memory, message);
    assert_true(message.len > 16384);
    assert_non_null(memmem(message.data, message.len, "InstanceService", 15));

    reply = run(rig, &(struct h2_request){
                         .path = REFLECTION,
                         .accepts = "gzip",
                         .message = wire_field(&rig->memory, 7, TEXT("")),
                     });
    assert_code(&reply, RPC_OK);
    message = next_message(&reply, &is_flagged);
    assert_false(is_flagged);
    assert_non_null(memmem(message.data, message.len, "InstanceService", 15));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compressed_messages_are_understood),
        cmocka_unit_test(what_is_not_compressed_as_it_says_is_refused),
        cmocka_unit_test(a_bomb_is_refused_before_it_goes_off),
        cmocka_unit_test(a_stock_client_may_compress),
        cmocka_unit_test(large_replies_go_as_gzip_to_who_accepts_it),
        cmocka_unit_test(small_replies_go_as_they_are),
        cmocka_unit_test(gzip_can_be_switched_off),
        cmocka_unit_test(a_stock_client_reads_compressed_replies),
        cmocka_unit_test(messages_of_a_stream_are_compressed_one_by_one),
    };
    return cmocka_run_group_tests(tests, gateway_rig_setup, gateway_rig_teardown);
}
