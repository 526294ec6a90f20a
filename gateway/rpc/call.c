#include "gateway/rpc/call.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <grpc/byte_buffer.h>
#include <grpc/support/alloc.h>
#include <grpc/support/time.h>

#include "common/env/env.h"
#include "gateway/rpc/access_log.h"
#include "gateway/rpc/message.h"
#include "gateway/rpc/route.h"
#include "gateway/rpc/server_internal.h"
#include "gateway/rpc/trace_metadata.h"
#include "gateway/rpc/tsan.h"

/* Where the sending half of a call stands. */
enum sending {
    SENDING_NOTHING,
    SENDING_MESSAGE,
    SENDING_LAST_MESSAGE, /* rpc_call_end waits for it */
    SENDING_STATUS,       /* or has sent it            */
};

struct text rpc_slice_text(const grpc_slice *slice)
{
    return (struct text){ (const char *)GRPC_SLICE_START_PTR(*slice), GRPC_SLICE_LENGTH(*slice) };
}

struct text rpc_call_path(const struct rpc_call *call)
{
    return rpc_slice_text(&call->details.method);
}

/* ---- Life --------------------------------------------------------------------------------- */

static void join_streams(struct rpc_call *call)
{
    struct rpc_server *server = call->worker->server;
    pthread_mutex_lock(&server->streams_mutex);
    call->is_stream = true;
    call->next_stream = server->streams;
    if (server->streams != NULL)
        server->streams->previous_stream = call;
    server->streams = call;
    atomic_fetch_add(&server->stream_count, 1);
    if (server->is_draining && call->handler->drain != NULL)
        call->handler->drain(call);
    pthread_mutex_unlock(&server->streams_mutex);
}

static void leave_streams(struct rpc_call *call)
{
    struct rpc_server *server = call->worker->server;
    pthread_mutex_lock(&server->streams_mutex);
    if (call->previous_stream != NULL)
        call->previous_stream->next_stream = call->next_stream;
    else
        server->streams = call->next_stream;
    if (call->next_stream != NULL)
        call->next_stream->previous_stream = call->previous_stream;
    pthread_mutex_unlock(&server->streams_mutex);
    if (atomic_fetch_sub(&server->stream_count, 1) == 1)
        rpc_server_note_end(server);
}

static void call_free(struct rpc_call *call)
{
    struct rpc_server *server = call->worker->server;
    if (call->is_stream)
        leave_streams(call);
    if (call->handler != NULL)
        call->handler->fini(call);
    if (call->is_counted)
        atomic_fetch_sub_explicit(&server->inflight, 1, memory_order_relaxed);
    for (size_t i = 0; i < call->initial_count + call->trailer_count; i++)
        grpc_slice_unref(call->sent[i].value);
    buffer_fini(&call->status.details);
    grpc_byte_buffer_destroy(call->request);
    grpc_metadata_array_destroy(&call->metadata);
    grpc_call_details_destroy(&call->details);
    if (call->grpc != NULL)
        grpc_call_unref(call->grpc);
    rpc_edition_release(call->edition);
    free(call);
    if (atomic_fetch_sub(&server->calls, 1) == 1)
        rpc_server_note_end(server);
}

/* At the deadline C-core cancels the call and tells the client so itself; or the client cancels it,
 * a little ahead of us, since its call took time to arrive and its timeout is rounded up by 1 %. */
static enum rpc_code final_code(const struct rpc_call *call, int64_t duration_ns)
{
    enum { AHEAD_MS = 10 };
    if (call->was_cancelled == 0)
        return call->status.code;
    return rpc_call_time_left_ms(call) <= AHEAD_MS + duration_ns / NS_PER_MS / 100
               ? RPC_DEADLINE_EXCEEDED
               : RPC_CANCELLED;
}

static void log_call(const struct rpc_call *call, enum rpc_code code, int64_t duration_ns)
{
    struct rpc_worker *worker = call->worker;
    if (worker->log.form == LOG_FORM_OFF)
        return;
    char *peer = grpc_call_get_peer(call->grpc);
    const struct access_entry entry = {
        .method = rpc_call_path(call),
        .code = code,
        .http_status = call->http_status,
        .duration_ns = duration_ns,
        .upstream_ns = call->upstream_ns,
        .request_bytes = call->request_bytes,
        .reply_bytes = call->reply_bytes,
        .is_stream = call->is_stream,
        .reply_messages = call->reply_messages,
        .trace_id = trace_context_id(&call->proxy.trace),
        .peer = text_of(peer),
    };
    access_log_add(&worker->log, &entry);
    gpr_free(peer);
}

/* One of the events that were still to come has come. */
static void settle(struct rpc_call *call)
{
    if (atomic_fetch_sub(&call->pending, 1) > 1)
        return;
    const int64_t duration_ns = monotonic_now_ns() - call->arrived_ns;
    const enum rpc_code code = final_code(call, duration_ns);
    metrics_call_ended(call->worker->metrics, call->metrics_row, code, duration_ns);
    log_call(call, code, duration_ns);
    call_free(call);
}

bool rpc_call_post(struct rpc_worker *worker)
{
    struct rpc_call *call = calloc(1, sizeof *call);
    if (call == NULL)
        return false;
    call->worker = worker;
    atomic_fetch_add(&worker->server->calls, 1);
    for (int step = 0; step < STEP_COUNT; step++)
        call->tags[step] = (struct rpc_tag){ (enum rpc_step)step, call };
    grpc_call_details_init(&call->details);
    grpc_metadata_array_init(&call->metadata);
    /* Not for registered methods: this form receives every method there is, so unknown ones are
     * answered and a new descriptor set needs no new server (docs/decisions/0002). */
    grpc_call_error error =
        grpc_server_request_call(worker->server->grpc, &call->grpc, &call->details, &call->metadata,
                                 worker->queue, worker->queue, &call->tags[STEP_ARRIVED]);
    if (error != GRPC_CALL_OK) {
        call->grpc = NULL;
        call_free(call);
        return false;
    }
    return true;
}

/* ---- Operations --------------------------------------------------------------------------- */

/* Starting a batch on a live call fails only by a bug of ours. */
static void start_batch(struct rpc_call *call, const grpc_op *ops, size_t count, enum rpc_step step)
{
    struct rpc_tag *tag = &call->tags[step];
    tsan_release(tag);
    grpc_call_error error = grpc_call_start_batch(call->grpc, ops, count, tag, NULL);
    if (error != GRPC_CALL_OK) {
        (void)fprintf(stderr, "hypeman-gateway: batch refused: %s\n",
                      grpc_call_error_to_string(error));
        abort();
    }
}

static void watch_close(struct rpc_call *call)
{
    const grpc_op op = { .op = GRPC_OP_RECV_CLOSE_ON_SERVER,
                         .data.recv_close_on_server.cancelled = &call->was_cancelled };
    start_batch(call, &op, 1, STEP_CLOSED);
}

void rpc_call_receive(struct rpc_call *call)
{
    const grpc_op op = { .op = GRPC_OP_RECV_MESSAGE,
                         .data.recv_message.recv_message = &call->request };
    atomic_fetch_add(&call->pending, 1);
    start_batch(call, &op, 1, STEP_RECEIVED);
}

/* Adds what comes before a message: the initial metadata, once. The client must know before the
 * first message when one of them may be a gzip. */
static size_t add_beginning(struct rpc_call *call, grpc_op *ops, bool may_be_gzip)
{
    if (call->has_begun)
        return 0;
    call->has_begun = true;
    call->may_be_gzip = may_be_gzip;
    if (may_be_gzip)
        rpc_call_add_header(call, TEXT(MESSAGE_GZIP_HEADER), TEXT("gzip"));
    ops[0] = (grpc_op){ .op = GRPC_OP_SEND_INITIAL_METADATA,
                        .data.send_initial_metadata = { .count = call->initial_count,
                                                        .metadata = call->sent } };
    return 1;
}

static size_t gzip_from(const struct rpc_call *call)
{
    const size_t bytes = call->edition->gzip_from;
    const bool may_be = call->has_begun ? call->may_be_gzip : message_may_be_gzip(call->grpc);
    return may_be ? bytes : SIZE_MAX;
}

/* Adds a message and what comes before it.
 * is_last  no further one follows, so that only this one may be a gzip */
static grpc_byte_buffer *add_message(struct rpc_call *call, grpc_op *ops, size_t *count,
                                     struct text message, bool is_last)
{
    const size_t from = gzip_from(call);
    bool is_gzip = false;
    grpc_byte_buffer *buffer = message_write(message, from, &is_gzip);
    *count += add_beginning(call, ops + *count, is_last ? is_gzip : from != SIZE_MAX);
    ops[(*count)++] = (grpc_op){ .op = GRPC_OP_SEND_MESSAGE,
                                 .flags = GRPC_WRITE_NO_COMPRESS, /* what C-core would do itself */
                                 .data.send_message.send_message = buffer };
    call->reply_bytes += message.len;
    call->message_bytes = message.len;
    call->has_message = true;
    return buffer;
}

/* An error that comes before any message goes without initial metadata of its own, so C-core sends
 * it trailers-only. Its STEP_ENDED was counted from the start. */
static void send_status(struct rpc_call *call, const struct text *message)
{
    grpc_op ops[3];
    size_t count = 0;
    grpc_byte_buffer *buffer = NULL;
    if (message != NULL)
        buffer = add_message(call, ops, &count, *message, true);
    else
        count += add_beginning(call, ops, false);
    rpc_call_add_trailer(call, TEXT("grpc-status-details-bin"), buffer_text(&call->status.details));
    grpc_slice text = grpc_slice_from_static_string(call->status.message);
    ops[count++] = (grpc_op){ .op = GRPC_OP_SEND_STATUS_FROM_SERVER,
                              .data.send_status_from_server = {
                                  .status = (grpc_status_code)call->status.code,
                                  .status_details = &text,
                                  .trailing_metadata_count = call->trailer_count,
                                  .trailing_metadata = call->sent + call->initial_count,
                              } };
    start_batch(call, ops, count, STEP_ENDED);
    grpc_byte_buffer_destroy(buffer);
}

bool rpc_call_send(struct rpc_call *call, struct text message)
{
    int before = SENDING_NOTHING;
    if (!atomic_compare_exchange_strong(&call->sending, &before, SENDING_MESSAGE)) {
        assert(before != SENDING_MESSAGE);
        return false;
    }
    grpc_op ops[2];
    size_t count = 0;
    grpc_byte_buffer *buffer = add_message(call, ops, &count, message, false);
    atomic_fetch_add(&call->pending, 1);
    start_batch(call, ops, count, STEP_SENT);
    grpc_byte_buffer_destroy(buffer);
    return true;
}

void rpc_call_end(struct rpc_call *call, const struct text *message)
{
    for (;;) {
        int before = SENDING_NOTHING;
        if (atomic_compare_exchange_strong(&call->sending, &before, SENDING_STATUS)) {
            send_status(call, message);
            return;
        }
        assert(before == SENDING_MESSAGE && message == NULL);
        if (atomic_compare_exchange_strong(&call->sending, &before, SENDING_LAST_MESSAGE))
            return; /* on_sent goes on */
    }
}

static bool becomes_ender(struct rpc_call *call)
{
    return !atomic_exchange(&call->has_ender, true);
}

void rpc_call_refuse(struct rpc_call *call, enum error_code code, const char *format, ...)
{
    if (!becomes_ender(call))
        return;
    struct error err = { 0 };
    char message[512];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(message, sizeof message, format, values);
    va_end(values);
    error_set(&err, code, "%s", message);
    rpc_status_from_error(&call->status, &err);
    rpc_call_end(call, NULL);
}

void rpc_call_finish(struct rpc_call *call)
{
    if (becomes_ender(call))
        rpc_call_end(call, NULL);
}

/* What a header cannot carry would sink the whole batch. */
static void make_legal(grpc_slice *value)
{
    uint8_t *bytes = GRPC_SLICE_START_PTR(*value);
    for (size_t i = 0; i < GRPC_SLICE_LENGTH(*value); i++)
        if (bytes[i] < 0x20 || bytes[i] > 0x7e)
            bytes[i] = '?';
}

static void insert_metadata(struct rpc_call *call, size_t at, struct text key, struct text value)
{
    const size_t count = call->initial_count + call->trailer_count;
    assert(count < RPC_METADATA_MAX);
    grpc_metadata *entry = &call->sent[at];
    memmove(entry + 1, entry, (count - at) * sizeof *entry);
    *entry = (grpc_metadata){ .key = grpc_slice_from_static_buffer(key.data, key.len),
                              .value = grpc_slice_from_copied_buffer(value.data, value.len) };
    if (!grpc_is_binary_header(entry->key))
        make_legal(&entry->value);
}

void rpc_call_add_header(struct rpc_call *call, struct text key, struct text value)
{
    insert_metadata(call, call->initial_count, key, value);
    call->initial_count++;
}

void rpc_call_add_trailer(struct rpc_call *call, struct text key, struct text value)
{
    if (value.len == 0)
        return;
    insert_metadata(call, call->initial_count + call->trailer_count, key, value);
    call->trailer_count++;
}

int64_t rpc_call_time_left_ms(const struct rpc_call *call)
{
    const gpr_timespec deadline = call->details.deadline;
    if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0)
        return INT64_MAX;
    gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
    /* Rounded up: an upstream timer that fires early would report its own timeout first. */
    return left.tv_sec * 1000 + (left.tv_nsec + NS_PER_MS - 1) / NS_PER_MS;
}

/* ---- Events ------------------------------------------------------------------------------- */

/* The worker's, or the one that was published since: without a lock, as only an exchange takes it.
 */
static struct rpc_edition *newest_edition(struct rpc_worker *worker)
{
    if (atomic_load_explicit(&worker->next, memory_order_relaxed) != NULL) {
        rpc_edition_release(worker->edition);
        worker->edition = atomic_exchange(&worker->next, NULL);
        worker->log.form = worker->edition->log_form;
    }
    return rpc_edition_retain(worker->edition);
}

static void on_arrived(struct rpc_call *call)
{
    call->arrived_ns = monotonic_now_ns();
    call->edition = newest_edition(call->worker);
    atomic_store(&call->pending, 2); /* STEP_CLOSED and STEP_ENDED come to every call */
    watch_close(call);
    call->proxy.trace = trace_metadata_read(call->grpc, &call->metadata);
    call->handler = rpc_route(call);
    metrics_call_started(call->worker->metrics, call->metrics_row);
    call->handler->start(call);
    if (call->handler->drain != NULL || call->handler->expel != NULL)
        join_streams(call);
}

static void refuse_message(struct rpc_call *call, const struct error *err)
{
    if (!becomes_ender(call))
        return;
    if (err->code == ERROR_NOT_SUPPORTED)
        rpc_call_add_trailer(call, TEXT(MESSAGE_ACCEPTED_HEADER), TEXT(MESSAGE_ACCEPTED));
    rpc_status_from_error(&call->status, err);
    rpc_call_end(call, NULL);
}

static void on_message(struct rpc_call *call, grpc_byte_buffer *request)
{
    struct rpc_message message;
    struct error err = { 0 };
    if (!message_read(&message, call->grpc, request, RPC_MAX_REQUEST_BYTES, &err)) {
        refuse_message(call, &err);
        return;
    }
    call->request_bytes += message.bytes.len;
    metrics_message_received(call->worker->metrics, call->metrics_row, message.bytes.len);
    call->handler->received(call, &message.bytes);
    message_fini(&message);
}

static void on_received(struct rpc_call *call, bool success)
{
    grpc_byte_buffer *request = TAKE(call->request); /* the handler may ask for the next */
    if (success && !call->is_closed && request != NULL)
        on_message(call, request);
    else
        call->handler->received(call, NULL);
    grpc_byte_buffer_destroy(request);
}

static void count_message(struct rpc_call *call)
{
    if (call->has_message) {
        metrics_message_sent(call->worker->metrics, call->metrics_row, call->message_bytes);
        call->reply_messages++;
    }
    call->has_message = false;
}

static void on_sent(struct rpc_call *call)
{
    count_message(call);
    int before = SENDING_MESSAGE;
    if (atomic_compare_exchange_strong(&call->sending, &before, SENDING_NOTHING)) {
        call->handler->sent(call);
        return;
    }
    assert(before == SENDING_LAST_MESSAGE);
    atomic_store(&call->sending, SENDING_STATUS);
    send_status(call, NULL);
}

static void on_closed(struct rpc_call *call)
{
    call->is_closed = true;
    if (call->was_cancelled != 0)
        call->handler->cancelled(call);
}

bool rpc_call_step(struct rpc_tag *tag, bool success)
{
    struct rpc_call *call = tag->call;
    tsan_acquire(tag);
    switch (tag->step) {
    case STEP_ARRIVED:
        if (success)
            on_arrived(call);
        else /* the server is going down */
            call_free(call);
        return success;
    case STEP_RECEIVED:
        on_received(call, success);
        break;
    case STEP_SENT:
        on_sent(call);
        break;
    case STEP_CLOSED:
        on_closed(call);
        break;
    case STEP_ENDED:
        count_message(call);
        break;
    case STEP_COUNT:
        break;
    }
    settle(call);
    return false;
}
