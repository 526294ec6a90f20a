#include "gateway/rpc/server.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/support/alloc.h>
#include <grpc/support/time.h>

#include "common/env/env.h"
#include "gateway/rpc/access_log.h"
#include "gateway/rpc/bind.h"
#include "gateway/rpc/core_log.h"
#include "gateway/rpc/trace_metadata.h"
#include "gateway/rpc/tsan.h"

/* Un-matched calls would go to a locked, unbounded list inside C-core, so several requests are
 * always waiting and each is replaced on arrival. */
enum { POSTED_REQUESTS = 64 };

struct rpc_worker {
    struct rpc_server *server;
    grpc_completion_queue *queue;
    pthread_t thread;
    bool is_started;
    size_t missing_requests; /* of POSTED_REQUESTS, for lack of memory */
    struct upstream *upstream;
    struct metrics_worker *metrics;
    struct line_log log;
    int64_t flush_at_ns; /* when the log's lines are written; 0 = there are none */
};

struct rpc_server {
    const struct schema *schema;
    struct proxy_settings proxy;
    struct metrics *metrics;
    size_t max_inflight;
    atomic_size_t inflight;
    atomic_size_t calls; /* every struct rpc_call, those that wait for a request included */
    grpc_server *grpc;
    struct bound bound;
    struct rpc_worker workers[RPC_MAX_WORKERS];
    size_t worker_count;

    pthread_mutex_t mutex;  /* guards is_down; nothing else is locked here */
    pthread_cond_t changed; /* is_down, or the last of the calls */
    bool is_down;           /* for C-core: its connections are gone, calls may not be */
};

/* ---- one call ----------------------------------------------------------------------------- */

/* What a completion-queue event is about. A call has up to four outstanding. */
enum step { STEP_ARRIVED, STEP_RECEIVED, STEP_CLOSED, STEP_SENT };

struct rpc_call;

struct tag {
    enum step step;
    struct rpc_call *call;
};

struct rpc_call {
    struct rpc_worker *worker;
    struct tag arrived;
    struct tag received;
    struct tag closed;
    struct tag sent;
    grpc_call *grpc;
    grpc_call_details details;
    grpc_metadata_array metadata; /* elements belong to the call */
    grpc_byte_buffer *request;
    int was_cancelled; /* written by C-core before STEP_CLOSED */
    bool is_closed;
    bool is_sent;
    bool is_counted; /* in server->inflight */
    int64_t arrived_ns;
    size_t metrics_row;
    size_t request_bytes;
    grpc_metadata trailers[2];
    size_t trailer_count;
    struct proxy_call proxy;
};

static void note_last_call(struct rpc_server *server)
{
    pthread_mutex_lock(&server->mutex);
    pthread_cond_signal(&server->changed);
    pthread_mutex_unlock(&server->mutex);
}

/* Freed on the worker's thread, once both chains have ended: close seen and reply sent. */
static void call_free(struct rpc_call *call)
{
    struct rpc_server *server = call->worker->server;
    if (call->is_counted)
        atomic_fetch_sub_explicit(&server->inflight, 1, memory_order_relaxed);
    for (size_t i = 0; i < call->trailer_count; i++)
        grpc_slice_unref(call->trailers[i].value);
    proxy_call_fini(&call->proxy);
    grpc_byte_buffer_destroy(call->request);
    grpc_metadata_array_destroy(&call->metadata);
    grpc_call_details_destroy(&call->details);
    if (call->grpc != NULL)
        grpc_call_unref(call->grpc);
    free(call);
    if (atomic_fetch_sub(&server->calls, 1) == 1)
        note_last_call(server);
}

static struct text slice_text(const grpc_slice *slice)
{
    return (struct text){ (const char *)GRPC_SLICE_START_PTR(*slice), GRPC_SLICE_LENGTH(*slice) };
}

/* Starting a batch on a live call fails only by a bug of ours; only the allocation of trailers
 * could, and that is not one. */
static void start_batch(struct rpc_call *call, const grpc_op *ops, size_t count, struct tag *tag)
{
    tsan_release(tag);
    grpc_call_error error = grpc_call_start_batch(call->grpc, ops, count, tag, NULL);
    if (error != GRPC_CALL_OK) {
        (void)fprintf(stderr, "hypeman-gateway: batch refused: %s\n",
                      grpc_call_error_to_string(error));
        abort();
    }
}

static bool post_request(struct rpc_worker *worker)
{
    struct rpc_call *call = calloc(1, sizeof *call);
    if (call == NULL)
        return false;
    call->worker = worker;
    atomic_fetch_add(&worker->server->calls, 1);
    call->arrived = (struct tag){ STEP_ARRIVED, call };
    call->received = (struct tag){ STEP_RECEIVED, call };
    call->closed = (struct tag){ STEP_CLOSED, call };
    call->sent = (struct tag){ STEP_SENT, call };
    grpc_call_details_init(&call->details);
    grpc_metadata_array_init(&call->metadata);
    /* Not for registered methods: this form receives every method there is, so unknown ones are
     * answered and a new descriptor set needs no new server (docs/decisions/0002). */
    grpc_call_error error =
        grpc_server_request_call(worker->server->grpc, &call->grpc, &call->details, &call->metadata,
                                 worker->queue, worker->queue, &call->arrived);
    if (error != GRPC_CALL_OK) {
        call->grpc = NULL;
        call_free(call);
        return false;
    }
    return true;
}

/* ---- reply -------------------------------------------------------------------------------- */

/* What a header cannot carry becomes '?': it would sink the whole batch. */
static void make_legal(grpc_slice *value)
{
    uint8_t *bytes = GRPC_SLICE_START_PTR(*value);
    for (size_t i = 0; i < GRPC_SLICE_LENGTH(*value); i++)
        if (bytes[i] < 0x20 || bytes[i] > 0x7e)
            bytes[i] = '?';
}

static void add_trailer(struct rpc_call *call, const char *key, struct text value)
{
    if (value.len == 0)
        return;
    grpc_metadata *entry = &call->trailers[call->trailer_count++];
    entry->key = grpc_slice_from_static_string(key);
    entry->value = grpc_slice_from_copied_buffer(value.data, value.len);
    if (!grpc_is_binary_header(entry->key))
        make_legal(&entry->value);
}

/* One batch with everything. An error goes without initial metadata of its own, so C-core sends
 * it trailers-only. The call may be freed on its worker's thread as soon as the batch is started.
 */
static void send_reply(struct rpc_call *call)
{
    const struct rpc_status *status = &call->proxy.status;
    grpc_byte_buffer *message = NULL;
    grpc_op ops[3] = { { .op = GRPC_OP_SEND_INITIAL_METADATA } };
    size_t count = 1;

    if (status->code == RPC_OK) {
        struct text wire = buffer_text(&call->proxy.reply);
        grpc_slice slice =
            grpc_slice_from_copied_buffer(wire.data == NULL ? "" : wire.data, wire.len);
        message = grpc_raw_byte_buffer_create(&slice, 1);
        grpc_slice_unref(slice);
        ops[count].op = GRPC_OP_SEND_MESSAGE;
        ops[count++].data.send_message.send_message = message;
    }

    add_trailer(call, "grpc-status-details-bin", buffer_text(&status->details));
    add_trailer(call, "hypeman-unknown-enum", text_of(call->proxy.notes.unknown_enum));
    grpc_slice text = grpc_slice_from_static_string(status->message);
    ops[count].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
    ops[count].data.send_status_from_server.status = (grpc_status_code)status->code;
    ops[count].data.send_status_from_server.status_details = &text;
    ops[count].data.send_status_from_server.trailing_metadata_count = call->trailer_count;
    ops[count++].data.send_status_from_server.trailing_metadata = call->trailers;
    start_batch(call, ops, count, &call->sent);
    grpc_byte_buffer_destroy(message);
}

/* proxy_call.finish: on the upstream's thread, or on ours when the call ended early. */
static void on_finished(struct proxy_call *proxy)
{
    send_reply(proxy->context);
}

static void refuse(struct rpc_call *call, enum error_code code, const char *format, ...)
    PRINTF_LIKE(3, 4);

static void refuse(struct rpc_call *call, enum error_code code, const char *format, ...)
{
    struct error err = { 0 };
    char message[512];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(message, sizeof message, format, values);
    va_end(values);
    error_set(&err, code, "%s", message);
    rpc_status_from_error(&call->proxy.status, &err);
    send_reply(call);
}

/* ---- steps -------------------------------------------------------------------------------- */

static struct text find_metadata(const struct rpc_call *call, const char *key)
{
    for (size_t i = 0; i < call->metadata.count; i++)
        if (text_equal_cstr(slice_text(&call->metadata.metadata[i].key), key))
            return slice_text(&call->metadata.metadata[i].value);
    return (struct text){ NULL, 0 };
}

static int64_t time_left_ms(const struct rpc_call *call)
{
    if (gpr_time_cmp(call->details.deadline, gpr_inf_future(call->details.deadline.clock_type)) ==
        0)
        return INT64_MAX;
    gpr_timespec left =
        gpr_time_sub(call->details.deadline, gpr_now(call->details.deadline.clock_type));
    /* Rounded up: an upstream timer that fires early would report its own timeout first. */
    return left.tv_sec * 1000 + (left.tv_nsec + NS_PER_MS - 1) / NS_PER_MS;
}

/* Asks for the one request message of a unary call. */
static void receive_message(struct rpc_call *call)
{
    const grpc_op op = { .op = GRPC_OP_RECV_MESSAGE,
                         .data.recv_message.recv_message = &call->request };
    start_batch(call, &op, 1, &call->received);
}

static void watch_close(struct rpc_call *call)
{
    const grpc_op op = { .op = GRPC_OP_RECV_CLOSE_ON_SERVER,
                         .data.recv_close_on_server.cancelled = &call->was_cancelled };
    start_batch(call, &op, 1, &call->closed);
}

static size_t metrics_row(const struct rpc_server *server, const struct method *method)
{
    return method == NULL ? METRICS_UNKNOWN_METHOD
                          : 1 + schema_method_index(server->schema, method);
}

static void refuse_overload(struct rpc_call *call)
{
    metrics_call_refused(call->worker->metrics);
    rpc_status_overloaded(&call->proxy.status, call->worker->server->max_inflight);
    send_reply(call);
}

static void on_arrived(struct rpc_call *call)
{
    struct rpc_server *server = call->worker->server;
    call->arrived_ns = monotonic_now_ns();
    call->is_counted = true;
    size_t before = atomic_fetch_add_explicit(&server->inflight, 1, memory_order_relaxed);
    watch_close(call);

    struct text path = slice_text(&call->details.method);
    call->proxy.method = schema_find_method(server->schema, path);
    call->proxy.trace = trace_metadata_read(call->grpc, &call->metadata);
    call->metrics_row = metrics_row(server, call->proxy.method);
    metrics_call_started(call->worker->metrics, call->metrics_row);
    if (call->proxy.method == NULL)
        refuse(call, ERROR_NOT_SUPPORTED, "unknown method " TEXT_FMT, TEXT_ARGS(path));
    else if (before >= server->max_inflight)
        refuse_overload(call);
    else
        receive_message(call);
}

static void start_proxy_call(struct rpc_call *call, struct text wire)
{
    struct rpc_server *server = call->worker->server;
    call->request_bytes = wire.len;
    metrics_message_received(call->worker->metrics, call->metrics_row, wire.len);
    call->proxy.settings = &server->proxy;
    call->proxy.upstream = call->worker->upstream;
    call->proxy.authorization = find_metadata(call, "authorization");
    call->proxy.time_left_ms = time_left_ms(call);
    call->proxy.finish = on_finished;
    call->proxy.context = call;
    proxy_call_start(&call->proxy, wire);
}

static void on_received(struct rpc_call *call, bool success)
{
    grpc_byte_buffer_reader reader;
    if (call->is_closed || !success) {
        refuse(call, ERROR_CANCELLED, "the call ended before its request was complete");
        return;
    }
    if (call->request == NULL) {
        refuse(call, ERROR_INVALID_ARGUMENT, "the call carries no request message");
        return;
    }
    /* Core's own decompression is off: it inflates first and checks sizes afterwards. */
    if (call->request->type == GRPC_BB_RAW &&
        call->request->data.raw.compression != GRPC_COMPRESS_NONE) {
        refuse(call, ERROR_NOT_SUPPORTED,
               "compressed messages are not accepted yet; send identity");
        return;
    }
    if (!grpc_byte_buffer_reader_init(&reader, call->request)) {
        refuse(call, ERROR_INTERNAL, "the request message cannot be read");
        return;
    }
    grpc_slice whole = grpc_byte_buffer_reader_readall(&reader);
    grpc_byte_buffer_reader_destroy(&reader);
    start_proxy_call(call, slice_text(&whole));
    grpc_slice_unref(whole);
}

/* At the deadline C-core cancels the call and tells the client so itself. */
static enum rpc_code final_code(const struct rpc_call *call)
{
    if (call->was_cancelled == 0)
        return call->proxy.status.code;
    return time_left_ms(call) <= 0 ? RPC_DEADLINE_EXCEEDED : RPC_CANCELLED;
}

static void count_call(const struct rpc_call *call, enum rpc_code code, int64_t duration_ns)
{
    struct metrics_worker *metrics = call->worker->metrics;
    const struct proxy_call *proxy = &call->proxy;
    if (proxy->status.code == RPC_OK)
        metrics_message_sent(metrics, call->metrics_row, proxy->reply.len);
    if (proxy->exchange.done != NULL)
        metrics_upstream_done(metrics, &proxy->exchange);
    metrics_unknown_members(metrics, proxy->notes.unknown_members);
    metrics_call_ended(metrics, call->metrics_row, code, duration_ns);
}

static void log_call(const struct rpc_call *call, enum rpc_code code, int64_t duration_ns)
{
    struct rpc_worker *worker = call->worker;
    if (worker->log.form == LOG_FORM_OFF)
        return;
    char *peer = grpc_call_get_peer(call->grpc);
    const struct access_entry entry = {
        .method = slice_text(&call->details.method),
        .code = code,
        .http_status = call->proxy.http_status,
        .duration_ns = duration_ns,
        .upstream_ns = call->proxy.exchange.duration_ns,
        .request_bytes = call->request_bytes,
        .reply_bytes = call->proxy.reply.len,
        .trace_id = trace_context_id(&call->proxy.trace),
        .peer = text_of(peer),
    };
    access_log_add(&worker->log, &entry);
    gpr_free(peer);
}

static void end_if_done(struct rpc_call *call)
{
    if (!call->is_closed || !call->is_sent)
        return;
    enum rpc_code code = final_code(call);
    int64_t duration_ns = monotonic_now_ns() - call->arrived_ns;
    count_call(call, code, duration_ns);
    log_call(call, code, duration_ns);
    call_free(call);
}

static void on_step(const struct tag *tag, bool success)
{
    struct rpc_call *call = tag->call;
    switch (tag->step) {
    case STEP_ARRIVED:
        if (!success) { /* the server is going down */
            call_free(call);
            break;
        }
        if (!post_request(call->worker))
            call->worker->missing_requests++;
        on_arrived(call);
        break;
    case STEP_RECEIVED:
        on_received(call, success);
        break;
    case STEP_CLOSED:
        call->is_closed = true;
        if (call->was_cancelled != 0)
            proxy_call_cancel(&call->proxy);
        end_if_done(call);
        break;
    case STEP_SENT:
        call->is_sent = true;
        end_if_done(call);
        break;
    }
}

static void note_down(struct rpc_server *server)
{
    pthread_mutex_lock(&server->mutex);
    server->is_down = true;
    pthread_cond_signal(&server->changed);
    pthread_mutex_unlock(&server->mutex);
}

/* Log lines wait a moment for others, since writing one costs as much as a call. */
static void flush_log(struct rpc_worker *worker)
{
    enum { LOG_DELAY_MS = 10, LOG_PIECE_BYTES = 16 * 1024 };
    if (worker->log.lines.len == 0)
        return;
    const int64_t now_ns = monotonic_now_ns();
    if (worker->flush_at_ns == 0)
        worker->flush_at_ns = now_ns + LOG_DELAY_MS * NS_PER_MS;
    if (now_ns < worker->flush_at_ns && worker->log.lines.len < LOG_PIECE_BYTES)
        return;
    line_log_flush(&worker->log);
    /* What nobody reads now is tried again later. */
    worker->flush_at_ns = worker->log.lines.len == 0 ? 0 : now_ns + LOG_DELAY_MS * NS_PER_MS;
}

static gpr_timespec next_turn(const struct rpc_worker *worker)
{
    if (worker->flush_at_ns == 0)
        return gpr_inf_future(GPR_CLOCK_MONOTONIC);
    return gpr_time_from_nanos(worker->flush_at_ns, GPR_CLOCK_MONOTONIC);
}

static void *worker_run(void *arg)
{
    struct rpc_worker *worker = arg;
    for (;;) {
        grpc_event event = grpc_completion_queue_next(worker->queue, next_turn(worker), NULL);
        if (event.type == GRPC_QUEUE_SHUTDOWN)
            return NULL;
        if (event.type == GRPC_QUEUE_TIMEOUT) {
            flush_log(worker);
            continue;
        }
        if (event.tag == worker->server) {
            note_down(worker->server);
            continue;
        }
        tsan_acquire(event.tag);
        on_step(event.tag, event.success != 0);
        flush_log(worker);
        while (worker->missing_requests > 0 && post_request(worker))
            worker->missing_requests--;
    }
}

/* ---- life --------------------------------------------------------------------------------- */

/* C-core's defaults trust their clients: no bound on streams, two hours until a dead peer is
 * noticed, two minutes for a handshake. Its decompression inflates a message whole before it looks
 * at the limit. Clients ping every 30 s and would be sent away for it. With SO_REUSEPORT a second
 * gateway on the same port would take half of the calls instead of failing. */
static const struct {
    const char *name;
    int value;
} channel_arguments[] = {
    { GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, RPC_MAX_REQUEST_BYTES },
    { GRPC_ARG_MAX_SEND_MESSAGE_LENGTH, RPC_MAX_REPLY_BYTES },
    { GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0 },
    { GRPC_ARG_MAX_METADATA_SIZE, 16 << 10 },
    { GRPC_ARG_MAX_CONCURRENT_STREAMS, 1000 },
    { GRPC_ARG_KEEPALIVE_TIME_MS, 60000 },
    { GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20000 },
    { GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1 },
    { GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10000 },
    { GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 10000 },
    { GRPC_ARG_ALLOW_REUSEPORT, 0 },
};

static grpc_server *create_server(void)
{
    grpc_arg list[ARRAY_LEN(channel_arguments)];
    for (size_t i = 0; i < ARRAY_LEN(list); i++)
        list[i] = (grpc_arg){ .type = GRPC_ARG_INTEGER,
                              .key = UNCONST(channel_arguments[i].name),
                              .value.integer = channel_arguments[i].value };
    const grpc_channel_args arguments = { ARRAY_LEN(list), list };
    return grpc_server_create(&arguments, NULL);
}

static bool start_worker(struct rpc_worker *worker, struct error *err)
{
    for (int i = 0; i < POSTED_REQUESTS; i++)
        if (!post_request(worker))
            return error_set(err, ERROR_NO_MEMORY, "no memory for a worker");
    int failure = pthread_create(&worker->thread, NULL, worker_run, worker);
    if (failure != 0)
        return error_set(err, ERROR_INTERNAL, "cannot start a worker thread: %s",
                         strerror(failure));
    worker->is_started = true;
    return true;
}

/* Row 1 + i of the metrics is the schema's method i. */
static bool make_metrics(struct rpc_server *server, struct error *err)
{
    const size_t count = schema_method_count(server->schema);
    struct metrics_method *methods = calloc(count, sizeof *methods);
    if (methods == NULL)
        return error_set(err, ERROR_NO_MEMORY, "no memory for the metrics");
    for (size_t i = 0; i < count; i++) {
        const struct method *m = schema_method(server->schema, i);
        methods[i] = (struct metrics_method){ m->path, m->client_streams, m->server_streams };
    }
    const bool made = metrics_new(methods, count, server->worker_count, &server->metrics, err);
    free(methods);
    return made;
}

static bool start(struct rpc_server *server, const struct rpc_server_config *config,
                  struct error *err)
{
    if (!make_metrics(server, err))
        return false;
    server->grpc = create_server();
    for (size_t i = 0; i < server->worker_count; i++) {
        struct rpc_worker *worker = &server->workers[i];
        worker->server = server;
        worker->upstream = config->upstreams[i];
        worker->metrics = metrics_worker(server->metrics, i);
        line_log_init(&worker->log, config->log_form, config->log_fd);
        worker->queue = grpc_completion_queue_create_for_next(NULL);
        grpc_server_register_completion_queue(server->grpc, worker->queue, NULL);
    }
    if (!bind_address(server->grpc, config->address, config->tls, &server->bound, err))
        return false;
    grpc_server_start(server->grpc);
    for (size_t i = 0; i < server->worker_count; i++)
        if (!start_worker(&server->workers[i], err))
            return false;
    return true;
}

bool rpc_server_new(const struct rpc_server_config *config, struct rpc_server **out,
                    struct error *err)
{
    struct rpc_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return error_set(err, ERROR_NO_MEMORY, "no memory for the server");
    core_log_install();
    grpc_init(); /* counted: the last grpc_shutdown undoes it */
    server->schema = config->schema;
    server->proxy = config->proxy;
    server->max_inflight = config->max_inflight;
    server->worker_count = config->worker_count;
    pthread_mutex_init(&server->mutex, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&server->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (!start(server, config, err)) {
        rpc_server_free(server);
        return false;
    }
    *out = server;
    return true;
}

int rpc_server_port(const struct rpc_server *server)
{
    return server->bound.port;
}

const struct metrics *rpc_server_metrics(const struct rpc_server *server)
{
    return server->metrics;
}

uint64_t rpc_server_lost_lines(const struct rpc_server *server)
{
    uint64_t lost = 0;
    for (size_t i = 0; i < server->worker_count; i++)
        lost += atomic_load_explicit(&server->workers[i].log.lost, memory_order_relaxed);
    return lost;
}

static bool is_down(const struct rpc_server *server)
{
    return server->is_down;
}

static bool has_no_calls(const struct rpc_server *server)
{
    return atomic_load(&server->calls) == 0;
}

/* C-core is down as soon as its connections are. Calls of a connection that broke off may still
 * wait in our queues, where they want to start batches and to reach their upstreams. */
static bool is_empty(const struct rpc_server *server)
{
    return server->is_down && has_no_calls(server);
}

static bool wait_until(struct rpc_server *server, bool (*reached)(const struct rpc_server *),
                       int64_t limit_ms)
{
    int64_t until = monotonic_now_ns() + limit_ms * NS_PER_MS;
    const struct timespec at = { until / NS_PER_SEC, until % NS_PER_SEC };
    int failure = 0;
    pthread_mutex_lock(&server->mutex);
    while (!reached(server) && failure == 0)
        failure = pthread_cond_timedwait(&server->changed, &server->mutex, &at);
    bool is_reached = reached(server);
    pthread_mutex_unlock(&server->mutex);
    return is_reached;
}

bool rpc_server_drain(struct rpc_server *server, int64_t limit_ms)
{
    enum { FAREWELL_MS = 1000 };
    grpc_server_shutdown_and_notify(server->grpc, server->workers[0].queue, server);
    bool drained = wait_until(server, has_no_calls, limit_ms);
    /* C-core waits 20 s for each client that does not acknowledge its farewell. */
    if (!drained || !wait_until(server, is_empty, FAREWELL_MS))
        grpc_server_cancel_all_calls(server->grpc);
    while (!wait_until(server, is_empty, FAREWELL_MS))
        continue; /* every cancelled call still ends through our own hands */
    return drained;
}

/* A server that never started its threads still has requests posted; they are collected here. */
static void collect(struct rpc_worker *worker)
{
    if (worker->is_started)
        pthread_join(worker->thread, NULL);
    else
        (void)worker_run(worker);
    grpc_completion_queue_destroy(worker->queue);
    line_log_fini(&worker->log);
}

void rpc_server_free(struct rpc_server *server)
{
    if (server == NULL)
        return;
    if (server->grpc != NULL && !server->is_down) {
        /* Half-started: no thread waits on the first queue, or it waits like any other. */
        grpc_server_shutdown_and_notify(server->grpc, server->workers[0].queue, server);
        grpc_server_cancel_all_calls(server->grpc);
        while (server->workers[0].is_started && !wait_until(server, is_down, 1000))
            continue;
    }
    for (size_t i = 0; i < server->worker_count && server->workers[i].queue != NULL; i++)
        grpc_completion_queue_shutdown(server->workers[i].queue);
    for (size_t i = 0; i < server->worker_count && server->workers[i].queue != NULL; i++)
        collect(&server->workers[i]);
    if (server->grpc != NULL)
        grpc_server_destroy(server->grpc);
    metrics_free(server->metrics);
    pthread_cond_destroy(&server->changed);
    pthread_mutex_destroy(&server->mutex);
    free(server);
    grpc_shutdown();
}
