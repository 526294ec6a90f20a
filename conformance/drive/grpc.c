#include "conformance/drive/grpc.h"

#include <stdlib.h>

#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/support/log.h>
#include <grpc/support/time.h>

#include "common/env/env.h"
#include "conformance/rpc/answer.h"
#include "conformance/rpc/request.h"

enum { REPLIES_MAX = 4096, REPLY_MAX_BYTES = 16 << 20, LOOK_UP_MS = 50 };

struct grpc {
    const struct rpc_api *api;
    const atomic_bool *ended;
    grpc_channel *channel;
    grpc_completion_queue *queue;
};

/* Everything that C-core writes or borrows while a call runs. */
struct running {
    const struct grpc *grpc;
    bool afterwards;
    bool interrupted;
    grpc_call *call;
    grpc_metadata headers[RPC_METADATA_MAX];
    size_t header_count;
    grpc_byte_buffer *request;
    grpc_byte_buffer *reply;
    grpc_metadata_array initial;
    grpc_metadata_array trailing;
    grpc_status_code code;
    grpc_slice message;
    struct text replies[REPLIES_MAX]; /* in the arena */
    size_t reply_count;
};

static void say_nothing(gpr_log_func_args *said)
{
    (void)said;
}

void grpc_setup(void)
{
    gpr_set_log_function(say_nothing);
}

/* ---- the call ---- */

static grpc_slice slice_of(struct text t)
{
    return grpc_slice_from_copied_buffer(t.data == NULL ? "" : t.data, t.len);
}

static void begin(struct running *r, const struct rpc_request *request, int64_t deadline_ns)
{
    const gpr_timespec until =
        gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(deadline_ns, GPR_TIMESPAN));
    grpc_slice path = grpc_slice_from_copied_string(request->method->path);
    grpc_slice message = slice_of(buffer_text(&request->wire));

    r->call = grpc_channel_create_call(r->grpc->channel, NULL, GRPC_PROPAGATE_DEFAULTS,
                                       r->grpc->queue, path, NULL, until, NULL);
    r->request = grpc_raw_byte_buffer_create(&message, 1);
    grpc_slice_unref(path);
    grpc_slice_unref(message);
    grpc_metadata_array_init(&r->initial);
    grpc_metadata_array_init(&r->trailing);
    r->message = grpc_empty_slice();
    for (; r->header_count < request->metadata_count; r->header_count++)
        r->headers[r->header_count] =
            (grpc_metadata){ .key = slice_of(request->metadata[r->header_count].name),
                             .value = slice_of(request->metadata[r->header_count].value) };
}

static void running_scope_end(struct running **running)
{
    struct running *r = *running;

    if (r == NULL)
        return;
    for (size_t i = 0; i < r->header_count; i++) {
        grpc_slice_unref(r->headers[i].key);
        grpc_slice_unref(r->headers[i].value);
    }
    grpc_byte_buffer_destroy(r->request);
    grpc_byte_buffer_destroy(r->reply);
    grpc_metadata_array_destroy(&r->initial);
    grpc_metadata_array_destroy(&r->trailing);
    grpc_slice_unref(r->message);
    if (r->call != NULL)
        grpc_call_unref(r->call);
    free(r);
}

/* Waits for the batch and looks up now and then whether the run is being ended. */
static void wait_for_batch(struct running *r)
{
    for (;;) {
        const gpr_timespec next = gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                               gpr_time_from_millis(LOOK_UP_MS, GPR_TIMESPAN));
        if (grpc_completion_queue_next(r->grpc->queue, next, NULL).type != GRPC_QUEUE_TIMEOUT)
            return;
        if (!r->afterwards && !r->interrupted && atomic_load(r->grpc->ended)) {
            r->interrupted = true;
            grpc_call_cancel(r->call, NULL);
        }
    }
}

static bool run_batch(struct running *r, const grpc_op *ops, size_t count, struct error *err)
{
    const grpc_call_error error = grpc_call_start_batch(r->call, ops, count, r, NULL);

    if (error != GRPC_CALL_OK)
        return error_set(err, ERROR_INTERNAL, "the call cannot be made: %s",
                         grpc_call_error_to_string(error));
    wait_for_batch(r);
    return true;
}

static bool ask(struct running *r, struct error *err)
{
    const grpc_op ops[] = {
        { .op = GRPC_OP_SEND_INITIAL_METADATA,
          .data.send_initial_metadata = { .count = r->header_count, .metadata = r->headers } },
        { .op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = r->request },
        { .op = GRPC_OP_SEND_CLOSE_FROM_CLIENT },
        { .op = GRPC_OP_RECV_INITIAL_METADATA,
          .data.recv_initial_metadata.recv_initial_metadata = &r->initial },
    };
    return run_batch(r, ops, ARRAY_LEN(ops), err);
}

static bool keep_reply(struct running *r, struct arena *arena, struct error *err)
{
    grpc_byte_buffer_reader reader;

    if (r->reply_count == REPLIES_MAX || !grpc_byte_buffer_reader_init(&reader, r->reply))
        return error_set(err, ERROR_INTERNAL, "more replies than the suite keeps");
    grpc_slice whole = grpc_byte_buffer_reader_readall(&reader);
    const struct text bytes = { (const char *)GRPC_SLICE_START_PTR(whole),
                                GRPC_SLICE_LENGTH(whole) };
    const char *kept = arena_copy(arena, bytes);
    r->replies[r->reply_count++] = (struct text){ kept, bytes.len };
    grpc_slice_unref(whole);
    grpc_byte_buffer_reader_destroy(&reader);
    return kept != NULL || error_set(err, ERROR_NO_MEMORY, "out of memory");
}

/* Replies until there are no more. One that cannot be kept ends the call. */
static bool receive(struct running *r, struct arena *arena, struct error *err)
{
    const grpc_op op = { .op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &r->reply };

    do {
        grpc_byte_buffer_destroy(TAKE(r->reply));
        if (!run_batch(r, &op, 1, err))
            return false;
        if (r->reply != NULL && !keep_reply(r, arena, err)) {
            grpc_call_cancel(r->call, NULL);
            return false;
        }
    } while (r->reply != NULL);
    return true;
}

static bool hear_status(struct running *r, struct error *err)
{
    const grpc_op op = { .op = GRPC_OP_RECV_STATUS_ON_CLIENT,
                         .data.recv_status_on_client = { .trailing_metadata = &r->trailing,
                                                         .status = &r->code,
                                                         .status_details = &r->message } };
    return run_batch(r, &op, 1, err);
}

/* ---- what came of it ---- */

static struct text text_of_slice(const grpc_slice *slice)
{
    return (struct text){ (const char *)GRPC_SLICE_START_PTR(*slice), GRPC_SLICE_LENGTH(*slice) };
}

static struct text find_details(const struct running *r)
{
    for (size_t i = 0; i < r->trailing.count; i++) {
        if (grpc_slice_str_cmp(r->trailing.metadata[i].key, "grpc-status-details-bin") == 0)
            return text_of_slice(&r->trailing.metadata[i].value);
    }
    return (struct text){ 0 };
}

/* C-core has statuses of its own for calls that brought no answer: those say nothing of the server.
 * They come without metadata, which every server's answer has. */
static bool was_answered(const struct running *r, struct error *err)
{
    const struct text message = text_of_slice(&r->message);
    const bool silent = r->initial.count == 0 && r->trailing.count == 0;

    if (r->interrupted)
        return error_set(err, ERROR_CANCELLED, "the run was ended");
    if (!silent)
        return true;
    const bool connected =
        grpc_channel_check_connectivity_state(r->grpc->channel, 0) == GRPC_CHANNEL_READY;
    if (r->code == GRPC_STATUS_DEADLINE_EXCEEDED && connected)
        return error_set(err, ERROR_DEADLINE_EXCEEDED, "no whole answer came in time");
    if ((r->code == GRPC_STATUS_UNAVAILABLE || r->code == GRPC_STATUS_DEADLINE_EXCEEDED) &&
        !connected)
        return error_set(err, ERROR_UNAVAILABLE, "cannot connect: " TEXT_FMT, TEXT_ARGS(message));
    return true;
}

static bool call(struct running *r, const struct rpc_request *request, struct arena *arena,
                 struct transport_answer *answer, struct error *err)
{
    for (size_t i = 0; i < r->header_count; i++) {
        if (!grpc_header_nonbin_value_is_legal(r->headers[i].value))
            return error_set(err, ERROR_NOT_SUPPORTED,
                             TEXT_FMT ": has characters that metadata cannot have",
                             TEXT_ARGS(request->metadata[i].name));
    }
    if (!ask(r, err) || !receive(r, arena, err) || !hear_status(r, err) || !was_answered(r, err))
        return false;
    const struct rpc_outcome outcome = { .code = (int)r->code,
                                         .message = text_of_slice(&r->message),
                                         .details = find_details(r),
                                         .replies = r->replies,
                                         .reply_count = r->reply_count };
    return rpc_answer_make(request->method, &outcome, arena, answer, err);
}

static bool exchange(void *ctx, const struct transport_request *request, struct arena *arena,
                     struct transport_answer *answer, struct error *err)
{
    const struct grpc *grpc = ctx;
    struct rpc_request made;

    if (!rpc_request_make(grpc->api, request, arena, &made, err))
        return false;
    SCOPED(running) struct running *r = calloc(1, sizeof *r);
    bool ok = r != NULL;
    if (ok) {
        *r = (struct running){ .grpc = grpc, .afterwards = request->afterwards };
        begin(r, &made, request->deadline_ns);
        ok = call(r, &made, arena, answer, err);
    } else {
        error_set(err, ERROR_NO_MEMORY, "out of memory");
    }
    buffer_fini(&made.wire);
    return ok;
}

/* ---- the channel ---- */

static grpc_channel *open_channel(const char *address)
{
    grpc_arg arguments[] = {
        { .type = GRPC_ARG_INTEGER,
          .key = UNCONST(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH),
          .value.integer = REPLY_MAX_BYTES },
        /* Each transport has its connection, as over REST; nothing is sent again. */
        { .type = GRPC_ARG_INTEGER,
          .key = UNCONST(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL),
          .value.integer = 1 },
        { .type = GRPC_ARG_INTEGER, .key = UNCONST(GRPC_ARG_ENABLE_RETRIES), .value.integer = 0 },
        { .type = GRPC_ARG_INTEGER,
          .key = UNCONST(GRPC_ARG_ENABLE_HTTP_PROXY),
          .value.integer = 0 },
    };
    const grpc_channel_args all = { ARRAY_LEN(arguments), arguments };
    grpc_channel_credentials *insecure = grpc_insecure_credentials_create();
    grpc_channel *channel = grpc_channel_create(address, insecure, &all);
    grpc_channel_credentials_release(insecure);
    return channel;
}

bool grpc_open(const char *address, const struct rpc_api *api, const atomic_bool *ended,
               struct transport *out, struct error *err)
{
    struct grpc *grpc = calloc(1, sizeof *grpc);

    if (grpc == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    grpc_init();
    *grpc = (struct grpc){ .api = api,
                           .ended = ended,
                           .channel = open_channel(address),
                           .queue = grpc_completion_queue_create_for_next(NULL) };
    *out = (struct transport){ exchange, grpc };
    return true;
}

void grpc_close(struct transport *transport)
{
    struct grpc *grpc = transport->ctx;

    *transport = (struct transport){ 0 };
    if (grpc == NULL)
        return;
    grpc_channel_destroy(grpc->channel);
    grpc_completion_queue_shutdown(grpc->queue);
    while (grpc_completion_queue_next(grpc->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL).type !=
           GRPC_QUEUE_SHUTDOWN)
        continue;
    grpc_completion_queue_destroy(grpc->queue);
    free(grpc);
    grpc_shutdown();
}
