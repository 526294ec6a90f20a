#include "tests/support/grpc_raw.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/compression.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/support/time.h>

enum { HEADERS_MAX = 32, REPLY_MAX = 64 << 20 };

struct grpc_raw_channel {
    grpc_channel *channel;
    grpc_completion_queue *queue;
    pthread_t thread;
    /* Held while a batch is started too: what was written for it is then in order for the thread
     * that sees its end, also in the eyes of ThreadSanitizer, which cannot look into C-core. */
    pthread_mutex_t mutex;
    pthread_cond_t ended;
};

/* One batch of operations; its address is the tag. */
struct batch {
    struct grpc_raw_channel *channel;
    bool is_over;
    int64_t over_ns;
};

struct grpc_raw_call {
    struct grpc_raw_channel *channel;
    grpc_call *call;
    grpc_metadata metadata[HEADERS_MAX];
    size_t metadata_count;
    grpc_byte_buffer *request;
    int64_t started_ns;
    struct batch whole; /* ends with the call */
    struct batch begin; /* of a stream: the headers, both ways */
    struct batch write;
    struct batch read;
    struct arena memory; /* messages that were read */
    bool is_stream;

    /* Written by C-core. */
    grpc_byte_buffer *reply;
    grpc_metadata_array initial;
    grpc_metadata_array trailing;
    grpc_status_code code;
    grpc_slice message;
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void *check(void *memory)
{
    assert(memory != NULL);
    return memory;
}

/* ---- Channel ------------------------------------------------------------------------------- */

static void *run(void *context)
{
    struct grpc_raw_channel *channel = context;
    for (;;) {
        grpc_event event =
            grpc_completion_queue_next(channel->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
        if (event.type == GRPC_QUEUE_SHUTDOWN)
            return NULL;
        pthread_mutex_lock(&channel->mutex);
        struct batch *batch = event.tag;
        batch->over_ns = now_ns();
        batch->is_over = true;
        pthread_cond_broadcast(&channel->ended);
        pthread_mutex_unlock(&channel->mutex);
    }
}

/* credentials  consumed */
static struct grpc_raw_channel *open_channel(const char *target,
                                             grpc_channel_credentials *credentials)
{
    /* A connection of its own, nothing sent twice, no limit on what comes back. */
    grpc_arg list[] = {
        { .type = GRPC_ARG_INTEGER,
          .key = UNCONST(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL),
          .value.integer = 1 },
        { .type = GRPC_ARG_INTEGER, .key = UNCONST(GRPC_ARG_ENABLE_RETRIES), .value.integer = 0 },
        { .type = GRPC_ARG_INTEGER,
          .key = UNCONST(GRPC_ARG_ENABLE_HTTP_PROXY),
          .value.integer = 0 },
        { .type = GRPC_ARG_INTEGER,
          .key = UNCONST(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH),
          .value.integer = -1 },
        { .type = GRPC_ARG_STRING,
          .key = UNCONST(GRPC_SSL_TARGET_NAME_OVERRIDE_ARG),
          .value.string = UNCONST("localhost") },
    };
    const grpc_channel_args arguments = { ARRAY_LEN(list), list };
    struct grpc_raw_channel *channel = check(calloc(1, sizeof *channel));
    channel->channel = grpc_channel_create(target, credentials, &arguments);
    grpc_channel_credentials_release(credentials);
    channel->queue = grpc_completion_queue_create_for_next(NULL);
    pthread_mutex_init(&channel->mutex, NULL);
    pthread_cond_init(&channel->ended, NULL);
    int failed = pthread_create(&channel->thread, NULL, run, channel);
    assert(failed == 0);
    (void)failed;
    return channel;
}

struct grpc_raw_channel *grpc_raw_connect(const char *target)
{
    grpc_init();
    return open_channel(target, grpc_insecure_credentials_create());
}

struct grpc_raw_channel *grpc_raw_connect_tls(const char *target, const struct grpc_raw_tls *tls)
{
    SCOPED(arena) struct arena memory = arena_capped(1 << 20);
    grpc_ssl_pem_key_cert_pair pair = { 0 };
    const char *roots = check(arena_copy(&memory, tls->roots));
    if (tls->key.data != NULL)
        pair = (grpc_ssl_pem_key_cert_pair){ check(arena_copy(&memory, tls->key)),
                                             check(arena_copy(&memory, tls->certificate)) };
    grpc_init();
    return open_channel(target, grpc_ssl_credentials_create(
                                    roots, tls->key.data == NULL ? NULL : &pair, NULL, NULL));
}

void grpc_raw_disconnect(struct grpc_raw_channel *channel)
{
    if (channel == NULL)
        return;
    grpc_channel_destroy(channel->channel);
    grpc_completion_queue_shutdown(channel->queue);
    pthread_join(channel->thread, NULL);
    grpc_completion_queue_destroy(channel->queue);
    pthread_mutex_destroy(&channel->mutex);
    pthread_cond_destroy(&channel->ended);
    free(channel);
    grpc_shutdown();
}

/* ---- Bytes --------------------------------------------------------------------------------------
 */

static struct text keep(struct arena *memory, grpc_slice slice)
{
    struct text t = { (const char *)GRPC_SLICE_START_PTR(slice), GRPC_SLICE_LENGTH(slice) };
    return (struct text){ check(arena_copy(memory, t)), t.len };
}

static struct text keep_body(struct arena *memory, grpc_byte_buffer *from)
{
    grpc_byte_buffer_reader reader;
    int ready = grpc_byte_buffer_reader_init(&reader, from);
    assert(ready != 0);
    (void)ready;
    grpc_slice whole = grpc_byte_buffer_reader_readall(&reader);
    struct text body = keep(memory, whole);
    grpc_slice_unref(whole);
    grpc_byte_buffer_reader_destroy(&reader);
    return body;
}

/* ---- Call ---------------------------------------------------------------------------------- */

static grpc_slice copy_text(struct text t)
{
    return grpc_slice_from_copied_buffer(t.data == NULL ? "" : t.data, t.len);
}

static void add_metadata(struct grpc_raw_call *call, struct text key, struct text value)
{
    assert(call->metadata_count < HEADERS_MAX);
    call->metadata[call->metadata_count++] =
        (grpc_metadata){ .key = copy_text(key), .value = copy_text(value) };
}

static void set_request(struct grpc_raw_call *call, const struct grpc_raw_request *request)
{
    for (size_t i = 0; i < request->header_count; i++)
        add_metadata(call, request->headers[i].key, request->headers[i].value);
    if (request->gzip)
        add_metadata(call, TEXT(GRPC_COMPRESSION_REQUEST_ALGORITHM_MD_KEY), TEXT("gzip"));
    if (request->no_message)
        return;
    grpc_slice message = copy_text(request->message);
    call->request = grpc_raw_byte_buffer_create(&message, 1);
    grpc_slice_unref(message);
}

static void make_call(struct grpc_raw_call *call, const struct grpc_raw_request *request)
{
    int64_t deadline_ms = request->deadline_ms == 0 ? GRPC_RAW_PATIENCE_MS : request->deadline_ms;
    gpr_timespec deadline =
        gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(deadline_ms, GPR_TIMESPAN));
    grpc_slice path = copy_text(text_of(request->path));
    call->call = grpc_channel_create_call(call->channel->channel, NULL, GRPC_PROPAGATE_DEFAULTS,
                                          call->channel->queue, path, NULL, deadline, NULL);
    grpc_slice_unref(path);
    grpc_metadata_array_init(&call->initial);
    grpc_metadata_array_init(&call->trailing);
    call->message = grpc_empty_slice();
}

static void start(struct grpc_raw_call *call, struct batch *batch, const grpc_op *ops, size_t count)
{
    pthread_mutex_lock(&call->channel->mutex);
    *batch = (struct batch){ .channel = call->channel };
    grpc_call_error error = grpc_call_start_batch(call->call, ops, count, batch, NULL);
    pthread_mutex_unlock(&call->channel->mutex);
    assert(error == GRPC_CALL_OK);
    (void)error;
}

static void wait_over(struct batch *batch)
{
    pthread_mutex_lock(&batch->channel->mutex);
    while (!batch->is_over) /* every call has a deadline */
        pthread_cond_wait(&batch->channel->ended, &batch->channel->mutex);
    pthread_mutex_unlock(&batch->channel->mutex);
}

static grpc_op send_headers(const struct grpc_raw_call *call)
{
    return (grpc_op){ .op = GRPC_OP_SEND_INITIAL_METADATA,
                      .data.send_initial_metadata = {
                          .count = call->metadata_count,
                          .metadata = (grpc_metadata *)(uintptr_t)call->metadata } };
}

static grpc_op send_message(grpc_byte_buffer *message)
{
    return (grpc_op){ .op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = message };
}

static grpc_op receive_headers(struct grpc_raw_call *call)
{
    return (grpc_op){ .op = GRPC_OP_RECV_INITIAL_METADATA,
                      .data.recv_initial_metadata.recv_initial_metadata = &call->initial };
}

static grpc_op receive_message(struct grpc_raw_call *call)
{
    return (grpc_op){ .op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &call->reply };
}

static grpc_op receive_status(struct grpc_raw_call *call)
{
    return (grpc_op){ .op = GRPC_OP_RECV_STATUS_ON_CLIENT,
                      .data.recv_status_on_client = { .trailing_metadata = &call->trailing,
                                                      .status = &call->code,
                                                      .status_details = &call->message } };
}

static struct grpc_raw_call *open_call(struct grpc_raw_channel *channel,
                                       const struct grpc_raw_request *request)
{
    struct grpc_raw_call *call = check(calloc(1, sizeof *call));
    call->channel = channel;
    call->memory = arena_capped(REPLY_MAX);
    set_request(call, request);
    make_call(call, request);
    call->started_ns = now_ns();
    return call;
}

struct grpc_raw_call *grpc_raw_start(struct grpc_raw_channel *channel,
                                     const struct grpc_raw_request *request)
{
    struct grpc_raw_call *call = open_call(channel, request);
    const grpc_op ops[6] = {
        send_headers(call),    (grpc_op){ .op = GRPC_OP_SEND_CLOSE_FROM_CLIENT },
        receive_headers(call), receive_message(call),
        receive_status(call),  send_message(call->request),
    };
    start(call, &call->whole, ops, call->request == NULL ? ARRAY_LEN(ops) - 1 : ARRAY_LEN(ops));
    return call;
}

struct grpc_raw_call *grpc_raw_open(struct grpc_raw_channel *channel,
                                    const struct grpc_raw_request *request)
{
    struct grpc_raw_call *call = open_call(channel, request);
    const grpc_op begin[3] = { send_headers(call), receive_headers(call),
                               send_message(call->request) };
    const grpc_op end = receive_status(call);
    call->is_stream = true;
    start(call, &call->begin, begin, call->request == NULL ? 2 : 3);
    start(call, &call->whole, &end, 1);
    return call;
}

void grpc_raw_write(struct grpc_raw_call *call, struct text message)
{
    grpc_slice bytes = copy_text(message);
    grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&bytes, 1);
    grpc_slice_unref(bytes);
    const grpc_op op = send_message(buffer);
    start(call, &call->write, &op, 1);
    wait_over(&call->write);
    grpc_byte_buffer_destroy(buffer);
}

void grpc_raw_half_close(struct grpc_raw_call *call)
{
    const grpc_op op = { .op = GRPC_OP_SEND_CLOSE_FROM_CLIENT };
    start(call, &call->write, &op, 1);
    wait_over(&call->write);
}

bool grpc_raw_read(struct grpc_raw_call *call, struct text *message)
{
    const grpc_op op = receive_message(call);
    start(call, &call->read, &op, 1);
    wait_over(&call->read);
    if (call->reply == NULL)
        return false;
    *message = keep_body(&call->memory, call->reply);
    grpc_byte_buffer_destroy(call->reply);
    call->reply = NULL;
    return true;
}

void grpc_raw_cancel(struct grpc_raw_call *call)
{
    (void)grpc_call_cancel(call->call, NULL);
}

/* ---- Reply --------------------------------------------------------------------------------- */

static const struct grpc_raw_header *keep_headers(struct arena *memory,
                                                  const grpc_metadata_array *from)
{
    struct grpc_raw_header *headers =
        check(arena_zalloc(memory, (from->count + 1) * sizeof *headers));
    for (size_t i = 0; i < from->count; i++)
        headers[i] = (struct grpc_raw_header){ keep(memory, from->metadata[i].key),
                                               keep(memory, from->metadata[i].value) };
    return headers;
}

static struct grpc_raw_reply take_reply(const struct grpc_raw_call *call)
{
    struct grpc_raw_reply reply = { .memory = arena_capped(REPLY_MAX) };
    reply.code = (int)call->code;
    reply.message = keep(&reply.memory, call->message).data;
    reply.headers = keep_headers(&reply.memory, &call->initial);
    reply.header_count = call->initial.count;
    reply.trailers = keep_headers(&reply.memory, &call->trailing);
    reply.trailer_count = call->trailing.count;
    reply.has_body = call->reply != NULL;
    if (reply.has_body)
        reply.body = keep_body(&reply.memory, call->reply);
    reply.elapsed_ms = (call->whole.over_ns - call->started_ns) / 1000000;
    return reply;
}

static void call_free(struct grpc_raw_call *call)
{
    for (size_t i = 0; i < call->metadata_count; i++) {
        grpc_slice_unref(call->metadata[i].key);
        grpc_slice_unref(call->metadata[i].value);
    }
    arena_fini(&call->memory);
    grpc_byte_buffer_destroy(call->request);
    grpc_byte_buffer_destroy(call->reply);
    grpc_metadata_array_destroy(&call->initial);
    grpc_metadata_array_destroy(&call->trailing);
    grpc_slice_unref(call->message);
    grpc_call_unref(call->call);
    free(call);
}

struct grpc_raw_reply grpc_raw_finish(struct grpc_raw_call *call)
{
    wait_over(&call->whole);
    if (call->is_stream)
        wait_over(&call->begin);
    struct grpc_raw_reply reply = take_reply(call);
    call_free(call);
    return reply;
}

struct grpc_raw_reply grpc_raw_run(struct grpc_raw_channel *channel,
                                   const struct grpc_raw_request *request)
{
    return grpc_raw_finish(grpc_raw_start(channel, request));
}

void grpc_raw_reply_fini(struct grpc_raw_reply *reply)
{
    arena_fini(&reply->memory);
}

void grpc_raw_reply_scope_end(struct grpc_raw_reply *reply)
{
    grpc_raw_reply_fini(reply);
}

static struct text find(const struct grpc_raw_header *headers, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal_cstr(headers[i].key, key))
            return headers[i].value;
    return (struct text){ NULL, 0 };
}

struct text grpc_raw_header_value(const struct grpc_raw_reply *reply, const char *key)
{
    return find(reply->headers, reply->header_count, key);
}

struct text grpc_raw_trailer(const struct grpc_raw_reply *reply, const char *key)
{
    return find(reply->trailers, reply->trailer_count, key);
}
