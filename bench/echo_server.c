/* The least a unary gRPC call can cost with C-core: every method answers the same bytes.
 *
 *   echo_server REPLY_FILE     the message as its bytes, without the 5 bytes of framing
 *
 * One completion queue and one thread, as hypeman-gateway --workers 1. Prints the port it serves
 * on 127.0.0.1, then serves until killed. */
#include <stdio.h>
#include <stdlib.h>

#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/support/time.h>

#include "file_bytes.h"

/* As many waiting requests as the gateway keeps, so that arriving calls find one. */
enum { POSTED_REQUESTS = 64 };

struct echo {
    grpc_server *server;
    grpc_completion_queue *queue;
    grpc_slice reply;
};

enum step { STEP_ARRIVED, STEP_RECEIVED, STEP_ANSWERED };

/* One outstanding batch at a time, so the call itself is the tag. */
struct echo_call {
    enum step step;
    grpc_call *grpc;
    grpc_call_details details;
    grpc_metadata_array metadata;
    grpc_byte_buffer *request;
    int was_cancelled;
};

static void fail(const char *what)
{
    (void)fprintf(stderr, "echo_server: %s\n", what);
    exit(1);
}

static void post_request(const struct echo *echo)
{
    struct echo_call *call = calloc(1, sizeof *call);
    if (call == NULL)
        fail("no memory");
    call->step = STEP_ARRIVED;
    grpc_call_details_init(&call->details);
    grpc_metadata_array_init(&call->metadata);
    if (grpc_server_request_call(echo->server, &call->grpc, &call->details, &call->metadata,
                                 echo->queue, echo->queue, call) != GRPC_CALL_OK)
        fail("cannot ask for a call");
}

static void start_batch(struct echo_call *call, const grpc_op *ops, size_t count, enum step step)
{
    call->step = step;
    if (grpc_call_start_batch(call->grpc, ops, count, call, NULL) != GRPC_CALL_OK)
        fail("batch refused");
}

static void receive(struct echo_call *call)
{
    const grpc_op op = { .op = GRPC_OP_RECV_MESSAGE,
                         .data.recv_message.recv_message = &call->request };
    start_batch(call, &op, 1, STEP_RECEIVED);
}

static void answer(struct echo *echo, struct echo_call *call)
{
    /* A batch empties the buffer it sends, so each call needs its own around the shared slice. */
    grpc_byte_buffer *message = grpc_raw_byte_buffer_create(&echo->reply, 1);
    const grpc_op ops[] = {
        { .op = GRPC_OP_SEND_INITIAL_METADATA },
        { .op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = message },
        { .op = GRPC_OP_SEND_STATUS_FROM_SERVER,
          .data.send_status_from_server.status = GRPC_STATUS_OK },
        { .op = GRPC_OP_RECV_CLOSE_ON_SERVER,
          .data.recv_close_on_server.cancelled = &call->was_cancelled },
    };
    start_batch(call, ops, sizeof ops / sizeof ops[0], STEP_ANSWERED);
    grpc_byte_buffer_destroy(message);
}

static void call_free(struct echo_call *call)
{
    grpc_byte_buffer_destroy(call->request);
    grpc_metadata_array_destroy(&call->metadata);
    grpc_call_details_destroy(&call->details);
    grpc_call_unref(call->grpc);
    free(call);
}

static void serve(struct echo *echo)
{
    for (;;) {
        const grpc_event event =
            grpc_completion_queue_next(echo->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
        struct echo_call *call = event.tag;
        switch (call->step) {
        case STEP_ARRIVED:
            if (event.success == 0)
                fail("cannot receive calls");
            post_request(echo);
            receive(call);
            break;
        case STEP_RECEIVED: /* a call cut short is answered too; the answer goes nowhere */
            answer(echo, call);
            break;
        case STEP_ANSWERED:
            call_free(call);
            break;
        }
    }
}

static int start(struct echo *echo)
{
    grpc_init();
    echo->server = grpc_server_create(NULL, NULL);
    echo->queue = grpc_completion_queue_create_for_next(NULL);
    grpc_server_register_completion_queue(echo->server, echo->queue, NULL);
    grpc_server_credentials *insecure = grpc_insecure_server_credentials_create();
    const int port = grpc_server_add_http2_port(echo->server, "127.0.0.1:0", insecure);
    grpc_server_credentials_release(insecure);
    if (port == 0)
        fail("cannot listen");
    grpc_server_start(echo->server);
    for (int i = 0; i < POSTED_REQUESTS; i++)
        post_request(echo);
    return port;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        fail("usage: echo_server REPLY_FILE");
    char *bytes = NULL;
    const size_t len = file_bytes_read(argv[1], &bytes);

    struct echo echo = { 0 };
    const int port = start(&echo);
    echo.reply = grpc_slice_from_copied_buffer(bytes, len);
    free(bytes);

    (void)printf("%d\n", port);
    (void)fflush(stdout);
    serve(&echo);
}
