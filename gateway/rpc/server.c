#include "gateway/rpc/server.h"

#include <stdlib.h>
#include <string.h>

#include <grpc/support/time.h>

#include "common/env/env.h"
#include "gateway/rpc/accept_guard.h"
#include "gateway/rpc/core_log.h"
#include "gateway/rpc/core_mutex.h"
#include "gateway/rpc/farewell.h"
#include "gateway/rpc/route.h"
#include "gateway/rpc/server_internal.h"

/* Un-matched calls would go to a locked, unbounded list inside C-core, so several requests are
 * always waiting and each is replaced on arrival. */
enum { POSTED_REQUESTS = 64 };

/* ---- Workers ------------------------------------------------------------------------------ */

void rpc_server_note_end(struct rpc_server *server)
{
    pthread_mutex_lock(&server->mutex);
    pthread_cond_signal(&server->changed);
    pthread_mutex_unlock(&server->mutex);
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
        if (rpc_call_step(event.tag, event.success != 0))
            worker->missing_requests++;
        flush_log(worker);
        while (worker->missing_requests > 0 && rpc_call_post(worker))
            worker->missing_requests--;
    }
}

/* ---- Life --------------------------------------------------------------------------------- */

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
        if (!rpc_call_post(worker))
            return error_set(err, ERROR_NO_MEMORY, "no memory for a worker");
    int failure = pthread_create(&worker->thread, NULL, worker_run, worker);
    if (failure != 0)
        return error_set(err, ERROR_INTERNAL, "cannot start a worker thread: %s",
                         strerror(failure));
    worker->is_started = true;
    pthread_setname_np(worker->thread, "worker");
    return true;
}

static bool start(struct rpc_server *server, const struct rpc_server_config *config,
                  struct rpc_edition *edition, struct error *err)
{
    if (!metrics_new(config->worker_count, &server->metrics, err) ||
        !rpc_server_prepare(server, edition, err))
        return false;
    server->grpc = create_server();
    for (size_t i = 0; i < server->config.worker_count; i++) {
        struct rpc_worker *worker = &server->workers[i];
        worker->server = server;
        worker->upstream = config->upstreams[i];
        worker->metrics = metrics_worker(server->metrics, i);
        line_log_init(&worker->log, edition->log_form, config->log_fd);
        worker->queue = grpc_completion_queue_create_for_next(NULL);
        grpc_server_register_completion_queue(server->grpc, worker->queue, NULL);
    }
    rpc_server_publish(server, edition);
    if (!bind_address(server->grpc, config->address, config->tls, &server->bound, err))
        return false;
    grpc_server_start(server->grpc);
    for (size_t i = 0; i < server->config.worker_count; i++)
        if (!start_worker(&server->workers[i], err))
            return false;
    return true;
}

bool rpc_server_new(const struct rpc_server_config *config, struct rpc_edition *edition,
                    struct rpc_server **out, struct error *err)
{
    struct rpc_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return error_set(err, ERROR_NO_MEMORY, "no memory for the server");
    core_mutex_trust();
    core_log_install();
    grpc_init(); /* counted: the last grpc_shutdown undoes it */
    server->config = *config;
    pthread_mutex_init(&server->mutex, NULL);
    pthread_mutex_init(&server->streams_mutex, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&server->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (!start(server, config, edition, err)) {
        rpc_server_free(server);
        return false;
    }
    *out = server;
    return true;
}

bool rpc_server_prepare(struct rpc_server *server, struct rpc_edition *edition, struct error *err)
{
    return rpc_route_prepare(server->metrics, edition, err);
}

/* A worker that has not looked since the last time never sees that edition. */
void rpc_server_publish(struct rpc_server *server, struct rpc_edition *edition)
{
    struct rpc_edition *former = server->edition;
    server->edition = rpc_edition_retain(edition);
    health_service_set_catalog(server->config.health, edition->catalog);
    for (size_t i = 0; i < server->config.worker_count; i++)
        rpc_edition_release(atomic_exchange(&server->workers[i].next, rpc_edition_retain(edition)));
    rpc_edition_release(former);
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
    for (size_t i = 0; i < server->config.worker_count; i++)
        lost += atomic_load_explicit(&server->workers[i].log.lost, memory_order_relaxed);
    return lost;
}

static bool is_down(const struct rpc_server *server)
{
    return server->is_down;
}

static bool has_no_streams(const struct rpc_server *server)
{
    return atomic_load(&server->stream_count) == 0;
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

/* Those that would go on for ever. */
static void drain_streams(struct rpc_server *server)
{
    pthread_mutex_lock(&server->streams_mutex);
    server->is_draining = true;
    for (struct rpc_call *call = server->streams; call != NULL; call = call->next_stream)
        if (call->handler->drain != NULL)
            call->handler->drain(call);
    pthread_mutex_unlock(&server->streams_mutex);
}

/* Those that did. Their clients hear why, if they listen. */
static void expel_streams(struct rpc_server *server)
{
    enum { LAST_WORDS_MS = 500 };
    pthread_mutex_lock(&server->streams_mutex);
    for (struct rpc_call *call = server->streams; call != NULL; call = call->next_stream)
        if (call->handler->expel != NULL)
            call->handler->expel(call);
    pthread_mutex_unlock(&server->streams_mutex);
    (void)wait_until(server, has_no_streams, LAST_WORDS_MS);
}

bool rpc_server_drain(struct rpc_server *server, int64_t limit_ms)
{
    enum { FAREWELL_MS = 1000 };
    drain_streams(server);
    farewell_begin(accept_guard_listener());
    grpc_server_shutdown_and_notify(server->grpc, server->workers[0].queue, server);
    bool drained = wait_until(server, has_no_calls, limit_ms);
    if (!drained)
        expel_streams(server);
    /* C-core waits 20 s for each client that does not acknowledge its GOAWAY. One that never does
     * costs both waits, 2 s in all: the first for the acknowledgement, the second for the client to
     * read what is on its way and close. Both are for answers that would be lost otherwise. */
    if (!has_no_calls(server) || !wait_until(server, is_empty, FAREWELL_MS))
        grpc_server_cancel_all_calls(server->grpc);
    while (!wait_until(server, is_empty, FAREWELL_MS))
        continue; /* every cancelled call still ends through our own hands */
    (void)farewell_wait(FAREWELL_MS);
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
    rpc_edition_release(worker->edition);
    rpc_edition_release(atomic_load(&worker->next));
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
    for (size_t i = 0; i < server->config.worker_count && server->workers[i].queue != NULL; i++)
        grpc_completion_queue_shutdown(server->workers[i].queue);
    for (size_t i = 0; i < server->config.worker_count && server->workers[i].queue != NULL; i++)
        collect(&server->workers[i]);
    if (server->grpc != NULL)
        grpc_server_destroy(server->grpc);
    metrics_free(server->metrics);
    rpc_edition_release(server->edition);
    pthread_cond_destroy(&server->changed);
    pthread_mutex_destroy(&server->streams_mutex);
    pthread_mutex_destroy(&server->mutex);
    free(server);
    grpc_shutdown();
}
