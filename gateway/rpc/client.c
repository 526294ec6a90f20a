#include "gateway/rpc/client.h"

#include <limits.h>
#include <stdio.h>

#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/support/time.h>

#include "common/env/env.h"

/* Everything C-core writes or borrows while the call runs. */
struct exchange {
    grpc_channel *channel;
    grpc_completion_queue *queue;
    grpc_call *call;
    grpc_metadata headers[1];
    size_t header_count;
    grpc_byte_buffer *request;
    grpc_byte_buffer *reply;
    grpc_metadata_array initial;
    grpc_metadata_array trailing;
    grpc_status_code code;
    grpc_slice message;
};

static void drain(grpc_completion_queue *queue)
{
    grpc_completion_queue_shutdown(queue);
    while (grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL).type !=
           GRPC_QUEUE_SHUTDOWN)
        continue;
    grpc_completion_queue_destroy(queue);
}

static void exchange_fini(struct exchange *x)
{
    for (size_t i = 0; i < x->header_count; i++)
        grpc_slice_unref(x->headers[i].value);
    grpc_byte_buffer_destroy(x->request);
    grpc_byte_buffer_destroy(x->reply);
    grpc_metadata_array_destroy(&x->initial);
    grpc_metadata_array_destroy(&x->trailing);
    grpc_slice_unref(x->message);
    grpc_call_unref(x->call);
    grpc_channel_destroy(x->channel);
    drain(x->queue);
}

/* C-core stops at 4 MiB unless told what we have room for. */
static grpc_channel *open_channel(const char *target, size_t max_reply_bytes)
{
    grpc_arg limit = { .type = GRPC_ARG_INTEGER,
                       .key = UNCONST(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH),
                       .value.integer =
                           max_reply_bytes > INT_MAX ? INT_MAX : (int)max_reply_bytes };
    const grpc_channel_args arguments = { 1, &limit };
    grpc_channel_credentials *insecure = grpc_insecure_credentials_create();
    grpc_channel *channel = grpc_channel_create(target, insecure, &arguments);
    grpc_channel_credentials_release(insecure);
    return channel;
}

static gpr_timespec deadline_of(const struct rpc_client_call *call)
{
    return call->timeout_ms == INT64_MAX
               ? gpr_inf_future(GPR_CLOCK_MONOTONIC)
               : gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                              gpr_time_from_millis(call->timeout_ms, GPR_TIMESPAN));
}

static void open_call(struct exchange *x, const struct rpc_client_call *call)
{
    x->channel = open_channel(call->target, call->max_reply_bytes);
    x->queue = grpc_completion_queue_create_for_next(NULL);
    grpc_slice path = grpc_slice_from_copied_string(call->path);
    x->call = grpc_channel_create_call(x->channel, NULL, GRPC_PROPAGATE_DEFAULTS, x->queue, path,
                                       NULL, deadline_of(call), NULL);
    grpc_slice_unref(path);
    grpc_slice message = grpc_slice_from_copied_buffer(
        call->request.data == NULL ? "" : call->request.data, call->request.len);
    x->request = grpc_raw_byte_buffer_create(&message, 1);
    grpc_slice_unref(message);
    grpc_metadata_array_init(&x->initial);
    grpc_metadata_array_init(&x->trailing);
    x->message = grpc_empty_slice();
    if (call->authorization != NULL)
        x->headers[x->header_count++] =
            (grpc_metadata){ .key = grpc_slice_from_static_string("authorization"),
                             .value = grpc_slice_from_copied_string(call->authorization) };
}

static bool run_batch(struct exchange *x, const grpc_op *ops, size_t count, struct error *err)
{
    grpc_call_error error = grpc_call_start_batch(x->call, ops, count, x, NULL);
    if (error != GRPC_CALL_OK)
        return error_set(err, ERROR_INTERNAL, "the call cannot be started: %s",
                         grpc_call_error_to_string(error));
    (void)grpc_completion_queue_next(x->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
    return true;
}

static bool ask(struct exchange *x, struct error *err)
{
    const grpc_op ops[] = {
        { .op = GRPC_OP_SEND_INITIAL_METADATA,
          .data.send_initial_metadata = { .count = x->header_count, .metadata = x->headers } },
        { .op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = x->request },
        { .op = GRPC_OP_SEND_CLOSE_FROM_CLIENT },
        { .op = GRPC_OP_RECV_INITIAL_METADATA,
          .data.recv_initial_metadata.recv_initial_metadata = &x->initial },
    };
    return run_batch(x, ops, ARRAY_LEN(ops), err);
}

static bool hand_over(const struct rpc_client_call *call, grpc_byte_buffer *message)
{
    grpc_byte_buffer_reader reader;
    if (!grpc_byte_buffer_reader_init(&reader, message))
        return false;
    grpc_slice whole = grpc_byte_buffer_reader_readall(&reader);
    const bool goes_on =
        call->reply(call->context, (struct text){ (const char *)GRPC_SLICE_START_PTR(whole),
                                                  GRPC_SLICE_LENGTH(whole) });
    grpc_slice_unref(whole);
    grpc_byte_buffer_reader_destroy(&reader);
    return goes_on;
}

/* Messages until there are no more. */
static bool receive(struct exchange *x, const struct rpc_client_call *call, struct error *err)
{
    const grpc_op op = { .op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &x->reply };
    do {
        grpc_byte_buffer_destroy(TAKE(x->reply));
        if (!run_batch(x, &op, 1, err))
            return false;
        if (x->reply != NULL && !hand_over(call, x->reply))
            grpc_call_cancel(x->call, NULL);
    } while (x->reply != NULL);
    return true;
}

static bool hear_status(struct exchange *x, struct error *err)
{
    const grpc_op op = { .op = GRPC_OP_RECV_STATUS_ON_CLIENT,
                         .data.recv_status_on_client = { .trailing_metadata = &x->trailing,
                                                         .status = &x->code,
                                                         .status_details = &x->message } };
    return run_batch(x, &op, 1, err);
}

static void read_status(const struct exchange *x, struct rpc_status *status)
{
    status->code = (enum rpc_code)x->code;
    (void)snprintf(status->message, sizeof status->message, "%.*s",
                   (int)GRPC_SLICE_LENGTH(x->message),
                   (const char *)GRPC_SLICE_START_PTR(x->message));
    status->details = buffer_capped(64 << 10);
    for (size_t i = 0; i < x->trailing.count; i++)
        if (grpc_slice_str_cmp(x->trailing.metadata[i].key, "grpc-status-details-bin") == 0)
            buffer_append(&status->details, GRPC_SLICE_START_PTR(x->trailing.metadata[i].value),
                          GRPC_SLICE_LENGTH(x->trailing.metadata[i].value));
}

bool rpc_client_run(const struct rpc_client_call *call, struct rpc_status *status,
                    struct error *err)
{
    struct exchange x = { 0 };
    grpc_init();
    open_call(&x, call);
    bool ran = x.header_count == 0 || grpc_header_nonbin_value_is_legal(x.headers[0].value);
    if (!ran)
        error_set(err, ERROR_INVALID_ARGUMENT, "the token has characters a header cannot carry");
    ran = ran && ask(&x, err) && receive(&x, call, err) && hear_status(&x, err);
    if (ran)
        read_status(&x, status);
    exchange_fini(&x);
    grpc_shutdown();
    return ran;
}
