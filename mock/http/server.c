#include "mock/http/server.h"

#include <microhttpd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/env/env.h"
#include "mock/http/exchange.h"

enum {
    /* Of one connection, for the request line and the headers as libmicrohttpd keeps them: room
     * enough for our own limits to speak first, and no more, since half of it is cleared after
     * every request. */
    CONNECTION_MEMORY_BYTES = 32 * 1024,
    /* A client in the middle of sending or reading may pause this long. */
    STALLED_SECONDS = 30,
    /* A connection between two requests may live this long: clients keep pools, and the real
     * server never closes one (HTTP-007). */
    IDLE_SECONDS = 600,
};

struct http_server {
    struct MHD_Daemon *daemon;
    struct api *api;
    struct access_log *log;
    size_t max_body;
    size_t busy;
    bool quiescing;
};

static struct exchange *exchange_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    const struct http_server *server = cls;
    (void)connection;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *socket_context = exchange_new(server->max_body, api_truth(server->api));
        return;
    }
    exchange_free(*socket_context);
    *socket_context = NULL;
}

/* libmicrohttpd is about to split the query, in the same writable buffer, into a list of its own
 * that nobody reads; for thousands of pairs it runs out of the connection's memory and then never
 * answers. Without '&' it is one pair. */
static void join_query(const char *uri)
{
    for (char *at = strchr(uri, '&'); at != NULL; at = strchr(at, '&'))
        *at = '_';
}

/* The first moment a request is heard of, with the target as it was sent. */
static void *on_request_line(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct exchange *x = exchange_of(connection);
    (void)cls;

    if (x == NULL)
        return NULL;
    exchange_begin(x, text_of(uri));
    join_query(uri);
    MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, (unsigned)STALLED_SECONDS);
    return x;
}

/* libmicrohttpd would decode the target in place; nobody reads what it makes of it. */
static size_t leave_escaped(void *cls, struct MHD_Connection *connection, char *s)
{
    (void)cls;
    (void)connection;
    return strlen(s);
}

static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind, const char *key,
                                 size_t key_size, const char *value, size_t value_size)
{
    (void)kind;
    exchange_add_header(cls, (struct text){ key, key_size }, (struct text){ value, value_size });
    return MHD_YES;
}

static ssize_t on_read_stream(void *cls, uint64_t position, char *out, size_t max)
{
    size_t len;
    (void)position;

    if (!exchange_read_stream(cls, out, max, &len))
        return MHD_CONTENT_READER_END_WITH_ERROR;
    return len == 0 ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)len;
}

static struct MHD_Response *make_response(struct exchange *x)
{
    struct response *res = &x->response;

    if (res->stream.next != NULL)
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, RESPONSE_CHUNK_BYTES,
                                                 on_read_stream, x, NULL);
    x->sent_bytes = res->body.len;
    /* The bytes stay with the exchange, which outlives the answer. */
    return MHD_create_response_from_buffer(res->body.len, res->body.data, MHD_RESPMEM_PERSISTENT);
}

/* Header texts are ours and end with NUL: response_add_header takes C strings. */
static bool add_headers(struct MHD_Response *out, const struct response *res, bool close)
{
    if (res->content_type != NULL &&
        MHD_add_response_header(out, MHD_HTTP_HEADER_CONTENT_TYPE, res->content_type) != MHD_YES)
        return false;
    for (size_t i = 0; i < res->header_count; i++) {
        if (MHD_add_response_header(out, res->headers[i].name.data, res->headers[i].value.data) !=
            MHD_YES)
            return false;
    }
    return !close || MHD_add_response_header(out, MHD_HTTP_HEADER_CONNECTION, "close") == MHD_YES;
}

/* MHD_NO, which breaks the connection off, only when out of memory. */
static enum MHD_Result send_response(struct http_server *server, struct MHD_Connection *connection,
                                     struct exchange *x)
{
    const bool close = x->response.close || server->quiescing;
    struct MHD_Response *out = make_response(x);
    enum MHD_Result result = MHD_NO;

    if (out == NULL)
        return MHD_NO;
    x->stage = EXCHANGE_ANSWERING;
    if (add_headers(out, &x->response, close))
        result = MHD_queue_response(connection, (unsigned)x->response.status, out);
    MHD_destroy_response(out);
    return result;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **request_context)
{
    struct http_server *server = cls;
    struct exchange *x = *request_context;
    (void)url;

    if (x == NULL)
        return MHD_NO;
    if (x->stage == EXCHANGE_LINE) {
        server->busy++;
        MHD_get_connection_values_n(connection, MHD_HEADER_KIND, on_header, x);
        if (exchange_check_head(x, text_of(method), text_of(version), monotonic_now_ns()))
            return MHD_YES;
        return send_response(server, connection, x);
    }
    if (*upload_size > 0) {
        const size_t len = *upload_size;
        *upload_size = 0;
        return exchange_add_body(x, upload, len) ? MHD_YES : MHD_NO;
    }
    if (exchange_check_body(x))
        api_handle(server->api, &x->request, &x->response);
    return send_response(server, connection, x);
}

static void log_answer(struct http_server *server, const struct exchange *x)
{
    const struct access_entry entry = {
        .method = x->method,
        .target = x->target,
        .status = x->response.status,
        .bytes = x->sent_bytes,
        .micros = (monotonic_now_ns() - x->started_ns) / 1000,
        .cause = x->response.cause,
    };
    access_log_add(server->log, &entry);
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **request_context,
                         enum MHD_RequestTerminationCode code)
{
    struct http_server *server = cls;
    struct exchange *x = *request_context;

    if (x == NULL)
        return;
    if (x->stage == EXCHANGE_ANSWERING)
        log_answer(server, x);
    if (x->stage >= EXCHANGE_RECEIVING)
        server->busy--;
    exchange_end(x);
    *request_context = NULL;
    if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT,
                                  (unsigned)IDLE_SECONDS);
}

bool http_server_new(const struct http_server_settings *settings, struct http_server **out,
                     struct error *err)
{
    struct http_server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        close(settings->listen_fd);
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    }
    *server = (struct http_server){
        .api = settings->api,
        .log = settings->log,
        .max_body = settings->max_body,
    };
    const struct MHD_OptionItem options[] = {
        { MHD_OPTION_LISTEN_SOCKET, settings->listen_fd, NULL },
        { MHD_OPTION_CONNECTION_LIMIT, settings->max_connections, NULL },
        { MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY_BYTES, NULL },
        { MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, NULL },
        { MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, server },
        { MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)on_request_line, server },
        { MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)leave_escaped, server },
        { MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, server },
        { MHD_OPTION_END, 0, NULL },
    };
    server->daemon =
        MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request,
                         server, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    if (server->daemon == NULL) {
        close(settings->listen_fd);
        free(server);
        return error_set(err, ERROR_INTERNAL, "cannot start the HTTP server");
    }
    *out = server;
    return true;
}

void http_server_free(struct http_server *server)
{
    if (server == NULL)
        return;
    MHD_stop_daemon(server->daemon);
    free(server);
}

int http_server_epoll_fd(const struct http_server *server)
{
    return MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

int http_server_timeout_ms(const struct http_server *server)
{
    enum { LONGEST_MS = 3600 * 1000 };
    MHD_UNSIGNED_LONG_LONG timeout;

    if (MHD_get_timeout(server->daemon, &timeout) != MHD_YES)
        return -1;
    return timeout > LONGEST_MS ? LONGEST_MS : (int)timeout;
}

void http_server_run(struct http_server *server)
{
    MHD_run(server->daemon);
}

void http_server_quiesce(struct http_server *server)
{
    server->quiescing = true;
    const int listen_fd = MHD_quiesce_daemon(server->daemon);
    if (listen_fd >= 0)
        close(listen_fd);
}

size_t http_server_busy(const struct http_server *server)
{
    return server->busy;
}
