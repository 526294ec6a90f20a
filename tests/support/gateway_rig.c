#include "tests/support/gateway_rig.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buffer.h"
#include "common/env/env.h"
#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"

enum { MEMORY_MAX = 256 << 20 };

/* ---- The rig ------------------------------------------------------------------------------- */

const char *gateway_rig_errors(struct gateway_rig *rig)
{
    if (rig->program.output != NULL)
        return rig->program.output;
    struct stat file;
    assert_int_equal(fstat(rig->program.output_fd, &file), 0);
    size_t size = (size_t)file.st_size;
    free(rig->said);
    char *text = rig->said = calloc(1, size + 1);
    assert_non_null(text);
    ssize_t len = pread(rig->program.output_fd, text, size, 0);
    assert_true(len >= 0);
    return text;
}

/* descriptors  0 = as many as there are */
static bool start_program(struct gateway_rig *rig, const char *const *flags, size_t descriptors)
{
    /* A probe would take replies out of the test's script; a test of probes gives the flag again.
     */
    const char *arguments[GATEWAY_FLAGS_MAX] = { "--listen", "127.0.0.1:0", "--probe", "off" };
    size_t count = 4;
    if (rig->upstream != NULL) {
        arguments[count++] = "--upstream";
        arguments[count++] = fake_upstream_url(rig->upstream);
    }
    for (size_t i = 0; flags != NULL && flags[i] != NULL; i++) {
        assert_true(count < ARRAY_LEN(arguments) - 1);
        arguments[count++] = flags[i];
    }
    return descriptors == 0
               ? program_start(&rig->program, "hypeman-gateway", arguments)
               : program_start_limited(&rig->program, "hypeman-gateway", arguments, descriptors);
}

static const char *target_of(const char *url)
{
    static const char *const schemes[] = { "grpc://", "grpcs://" };
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        if (text_starts_with(text_of(url), text_of(schemes[i])))
            return url + strlen(schemes[i]);
    return url;
}

static struct gateway_rig *start(struct fake_upstream *upstream, const char *const *flags,
                                 size_t descriptors)
{
    struct gateway_rig *rig = calloc(1, sizeof *rig);
    assert_non_null(rig);
    rig->memory = arena_capped(MEMORY_MAX);
    rig->upstream = upstream;
    if (!start_program(rig, flags, descriptors))
        fail_msg("the gateway does not serve; it said: %s", gateway_rig_errors(rig));
    (void)snprintf(rig->target, sizeof rig->target, "%s", target_of(rig->program.urls[0]));
    rig->channel = grpc_raw_connect(rig->target);
    return rig;
}

struct gateway_rig *gateway_rig_start(const char *const *flags)
{
    return start(fake_upstream_new(), flags, 0);
}

struct gateway_rig *gateway_rig_start_alone(const char *const *flags)
{
    return start(NULL, flags, 0);
}

struct gateway_rig *gateway_rig_start_limited(const char *const *flags, size_t descriptors)
{
    return start(fake_upstream_new(), flags, descriptors);
}

void gateway_rig_stop(struct gateway_rig *rig)
{
    grpc_raw_disconnect(rig->channel);
    if (rig->program.pid > 0) {
        int status = program_stop(&rig->program, SIGTERM);
        if (status != 0)
            fail_msg("the gateway ended with status %d; it said: %s", status, rig->program.output);
    }
    program_free(&rig->program);
    fake_upstream_free(rig->upstream);
    arena_fini(&rig->memory);
    free(rig->said);
    free(rig);
}

static size_t count_words(const char *in, const char *words)
{
    size_t count = 0;
    for (const char *at = in; (at = strstr(at, words)) != NULL; at++)
        count++;
    return count;
}

void gateway_rig_wait_says(struct gateway_rig *rig, const char *words, size_t times)
{
    int64_t until_ns = monotonic_now_ns() + 10 * NS_PER_SEC;
    while (count_words(gateway_rig_errors(rig), words) < times) {
        if (monotonic_now_ns() > until_ns)
            fail_msg("expected \"%s\" %zu times; it said: %s", words, times,
                     gateway_rig_errors(rig));
        sched_yield();
    }
}

int gateway_rig_setup(void **state)
{
    *state = gateway_rig_start(NULL);
    return 0;
}

int gateway_rig_teardown(void **state)
{
    gateway_rig_stop(*state);
    return 0;
}

struct grpc_raw_call *gateway_rig_begin(struct gateway_rig *rig, const char *method,
                                        struct text message)
{
    const char *path = arena_printf(&rig->memory, "/hypeman.v1.%s", method);
    assert_non_null(path);
    return grpc_raw_start(rig->channel,
                          &(struct grpc_raw_request){ .path = path, .message = message });
}

struct grpc_raw_reply gateway_rig_call(struct gateway_rig *rig, const char *method,
                                       struct text message)
{
    return grpc_raw_finish(gateway_rig_begin(rig, method, message));
}

void gateway_rig_assert_serves(struct gateway_rig *rig)
{
    fake_upstream_answer(rig->upstream, 200, "{\"id\":\"alive\"}");
    SCOPED(grpc_raw_reply)
    struct grpc_raw_reply reply =
        gateway_rig_call(rig, "SnapshotService/GetSnapshot", TEXT("\n\5alive"));
    if (reply.code != RPC_OK)
        fail_msg("a good call failed with %s: %s", rpc_code_name((enum rpc_code)reply.code),
                 reply.message);
    assert_true(text_equal(reply.body, TEXT("\n\5alive")));
}

size_t gateway_rig_count_descriptors(const struct gateway_rig *rig)
{
    char path[64];
    size_t count = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/fd", (int)rig->program.pid);
    DIR *folder = opendir(path);
    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

void gateway_rig_assert_descriptors(struct gateway_rig *rig, size_t most)
{
    const int64_t until_ns = monotonic_now_ns() + 10 * NS_PER_SEC;
    /* Calls that go no further pass the time. */
    while (gateway_rig_count_descriptors(rig) > most && monotonic_now_ns() < until_ns) {
        SCOPED(grpc_raw_reply)
        struct grpc_raw_reply reply = gateway_rig_call(rig, "No/No", TEXT(""));
        assert_int_equal(reply.code, RPC_UNIMPLEMENTED);
    }
    assert_in_range(gateway_rig_count_descriptors(rig), 0, most);
}

/* ---- Messages ------------------------------------------------------------------------------ */

static void append_varint(struct buffer *wire, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        buffer_append_byte(wire, (uint8_t)(value | 0x80));
    buffer_append_byte(wire, (uint8_t)value);
}

struct text wire_and(struct arena *memory, struct text first, unsigned number, struct text value)
{
    enum { LENGTH_DELIMITED = 2 };
    SCOPED(buffer) struct buffer wire = buffer_capped(MEMORY_MAX);
    buffer_append_text(&wire, first);
    append_varint(&wire, (uint64_t)number << 3 | LENGTH_DELIMITED);
    append_varint(&wire, value.len);
    buffer_append_text(&wire, value);
    assert_false(wire.failed);
    char *kept = arena_copy(memory, buffer_text(&wire));
    assert_non_null(kept);
    return (struct text){ kept, wire.len };
}

struct text wire_field(struct arena *memory, unsigned number, struct text value)
{
    return wire_and(memory, TEXT(""), number, value);
}

static const char *keep_utf8(struct arena *memory, const char *text)
{
    if (!text_is_utf8(text_of(text)))
        fail_msg("a text in grpc-status-details-bin is not UTF-8");
    return arena_copy(memory, text_of(text));
}

static void read_error_info(const Google__Protobuf__Any *any, struct arena *memory,
                            struct gateway_details *out)
{
    Google__Rpc__ErrorInfo *info =
        google__rpc__error_info__unpack(NULL, any->value.len, any->value.data);
    assert_non_null(info);
    out->reason = keep_utf8(memory, info->reason);
    out->domain = keep_utf8(memory, info->domain);
    for (size_t i = 0; i < info->n_metadata; i++) {
        const char *value = keep_utf8(memory, info->metadata[i]->value);
        if (strcmp(info->metadata[i]->key, "http_status") == 0)
            out->http_status = value;
        else if (strcmp(info->metadata[i]->key, "method") == 0)
            out->method = value;
    }
    google__rpc__error_info__free_unpacked(info, NULL);
}

static void read_bad_request(const Google__Protobuf__Any *any, struct arena *memory,
                             struct gateway_details *out)
{
    Google__Rpc__BadRequest *request =
        google__rpc__bad_request__unpack(NULL, any->value.len, any->value.data);
    assert_non_null(request);
    assert_true(request->n_field_violations > 0);
    out->field = keep_utf8(memory, request->field_violations[0]->field);
    (void)keep_utf8(memory, request->field_violations[0]->description);
    google__rpc__bad_request__free_unpacked(request, NULL);
}

static void read_retry_info(const Google__Protobuf__Any *any, struct gateway_details *out)
{
    Google__Rpc__RetryInfo *retry =
        google__rpc__retry_info__unpack(NULL, any->value.len, any->value.data);
    assert_non_null(retry);
    assert_non_null(retry->retry_delay);
    out->retry_after_s = retry->retry_delay->seconds;
    google__rpc__retry_info__free_unpacked(retry, NULL);
}

static void read_request_info(const Google__Protobuf__Any *any, struct arena *memory,
                              struct gateway_details *out)
{
    Google__Rpc__RequestInfo *info =
        google__rpc__request_info__unpack(NULL, any->value.len, any->value.data);
    assert_non_null(info);
    out->request_id = keep_utf8(memory, info->request_id);
    google__rpc__request_info__free_unpacked(info, NULL);
}

static size_t entry_bytes(struct text name, struct text value)
{
    const struct text tail = TEXT("-bin");
    size_t bytes = name.len + 32;
    if (name.len > tail.len &&
        text_equal((struct text){ name.data + name.len - tail.len, tail.len }, tail))
        return bytes + (value.len + 2) / 3 * 4;
    for (size_t i = 0; i < value.len; i++)
        bytes += value.data[i] < ' ' || value.data[i] > '~' || value.data[i] == '%' ? 3 : 1;
    return bytes;
}

size_t gateway_trailer_bytes(const struct grpc_raw_reply *reply)
{
    size_t bytes = entry_bytes(TEXT("grpc-message"), text_of(reply->message)) +
                   entry_bytes(TEXT("grpc-status"), TEXT("16")) +
                   entry_bytes(TEXT(":status"), TEXT("200")) +
                   entry_bytes(TEXT("content-type"), TEXT("application/grpc"));
    for (size_t i = 0; i < reply->trailer_count; i++)
        bytes += entry_bytes(reply->trailers[i].key, reply->trailers[i].value);
    return bytes;
}

bool gateway_details_read(const struct grpc_raw_reply *reply, struct arena *memory,
                          struct gateway_details *out)
{
    *out = (struct gateway_details){ .message = "",
                                     .reason = "",
                                     .domain = "",
                                     .http_status = "",
                                     .method = "",
                                     .field = "",
                                     .retry_after_s = -1,
                                     .request_id = "" };
    struct text bytes = grpc_raw_trailer(reply, "grpc-status-details-bin");
    if (bytes.data == NULL)
        return false;
    Google__Rpc__Status *status =
        google__rpc__status__unpack(NULL, bytes.len, (const uint8_t *)bytes.data);
    assert_non_null(status);
    out->code = status->code;
    out->message = keep_utf8(memory, status->message);
    for (size_t i = 0; i < status->n_details; i++) {
        const Google__Protobuf__Any *any = status->details[i];
        if (strcmp(any->type_url, "type.googleapis.com/google.rpc.ErrorInfo") == 0)
            read_error_info(any, memory, out);
        else if (strcmp(any->type_url, "type.googleapis.com/google.rpc.BadRequest") == 0)
            read_bad_request(any, memory, out);
        else if (strcmp(any->type_url, "type.googleapis.com/google.rpc.RetryInfo") == 0)
            read_retry_info(any, out);
        else if (strcmp(any->type_url, "type.googleapis.com/google.rpc.RequestInfo") == 0)
            read_request_info(any, memory, out);
        else
            fail_msg("unexpected detail %s", any->type_url);
    }
    google__rpc__status__free_unpacked(status, NULL);
    assert_int_equal(out->code, reply->code);
    assert_string_equal(out->message, reply->message);
    return true;
}

/* ---- HTTP answers -------------------------------------------------------------------------- */

struct fake_reply http_answer(struct arena *memory, int status, const char *headers,
                              struct text body)
{
    const char *head = arena_printf(memory, "HTTP/1.1 %d Scripted\r\n%sContent-Length: %zu\r\n\r\n",
                                    status, headers, body.len);
    assert_non_null(head);
    size_t len = strlen(head);
    char *bytes = arena_alloc(memory, len + body.len);
    assert_non_null(bytes);
    memcpy(bytes, head, len);
    if (body.len > 0)
        memcpy(bytes + len, body.data, body.len);
    return (struct fake_reply){ .bytes = bytes, .len = len + body.len };
}
