#include "mock/http/server.h"

#include <errno.h>
#include <microhttpd.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/env/env.h"
#include "mock/http/access_log.h"
#include "mock/http/session.h"

enum {
    /* Of one connection, for the request line and the headers as libmicrohttpd keeps them: room
     * enough for our own limits to speak first, and no more, since all of it is cleared after every
     * request. */
    CONNECTION_MEMORY_BYTES = 32 * 1024,
    /* Kept by every stream as long as it lives, and used with HTTP/1.0 only: chunks are read into
     * the connection's own memory. */
    STREAM_BLOCK_BYTES = 4 * 1024,
    /* When a chunk's line does not fit into that memory libmicrohttpd no longer reads it, and wants
     * to go on at once, without end. After so many runs from which nothing came it is let alone for
     * a while; whatever happens on a socket still wakes the loop. */
    MAX_FRUITLESS_RUNS = 100,
    FRUITLESS_PAUSE_MS = 10,
};

struct http_server {
    struct MHD_Daemon *daemon;
    struct http_server_settings settings;
    struct sessions sessions;
    size_t busy;
    unsigned fruitless_runs; /* in a row: wanted at once, and nothing was heard */
    bool quiescing;
};

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
    struct http_server *server = cls;
    struct session *session = session_begin(&server->sessions, connection);

    server->sessions.heard = true;
    if (session == NULL)
        return NULL;
    exchange_begin(&session->x, text_of(uri));
    join_query(uri);
    MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT,
                              server->settings.stalled_seconds);
    return session;
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
    struct session *session = cls;
    struct exchange *x = &session->x;
    size_t len;
    (void)position;

    session->all->heard = true;
    if (session->gone)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    switch (exchange_read_stream(x, out, max, &len)) {
    case EXCHANGE_READ:
        return (ssize_t)len;
    case EXCHANGE_IDLES:
        control_wait(session->all->control, &x->response);
        return session_suspend(session) ? 0 : MHD_CONTENT_READER_END_WITH_ERROR;
    case EXCHANGE_END:
        return MHD_CONTENT_READER_END_OF_STREAM;
    case EXCHANGE_BROKEN:
        session_spoil(session);
        break;
    }
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

static struct MHD_Response *make_response(struct session *session)
{
    struct exchange *x = &session->x;
    struct response *res = &x->response;

    if (res->stream.next != NULL)
        return MHD_create_response_from_callback(res->spoil.sized ? res->spoil.size
                                                                  : MHD_SIZE_UNKNOWN,
                                                 STREAM_BLOCK_BYTES, on_read_stream, session, NULL);
    x->sent_bytes = res->body.len;
    /* The bytes stay with the exchange, which outlives the answer. */
    return MHD_create_response_from_buffer(res->body.len, res->body.data, MHD_RESPMEM_PERSISTENT);
}

/* Header texts are ours and end with NUL: response_add_header takes C strings. "Connection" is the
 * library's, which says keep-alive to HTTP/1.1 only on request (SSE-001). */
static bool add_header(struct MHD_Response *out, const struct http_header *header)
{
    if (text_equal_cstr(header->name, MHD_HTTP_HEADER_CONNECTION))
        return MHD_set_response_options(out, MHD_RF_SEND_KEEP_ALIVE_HEADER, MHD_RO_END) == MHD_YES;
    return MHD_add_response_header(out, header->name.data, header->value.data) == MHD_YES;
}

static bool add_headers(struct MHD_Response *out, const struct response *res, bool close)
{
    if (res->content_type != NULL &&
        MHD_add_response_header(out, MHD_HTTP_HEADER_CONTENT_TYPE, res->content_type) != MHD_YES)
        return false;
    for (size_t i = 0; i < res->header_count; i++) {
        if (!add_header(out, &res->headers[i]))
            return false;
    }
    if (res->request_id != NULL &&
        MHD_add_response_header(out, "X-Mock-Request-Id", res->request_id) != MHD_YES)
        return false;
    return !close || MHD_add_response_header(out, MHD_HTTP_HEADER_CONNECTION, "close") == MHD_YES;
}

/* MHD_NO, which breaks the connection off, when out of memory, and when the answer is to be lost.
 */
static enum MHD_Result send_response(const struct http_server *server, struct session *session)
{
    struct exchange *x = &session->x;
    const bool close = x->response.close || server->quiescing;
    enum MHD_Result result = MHD_NO;

    x->stage = EXCHANGE_ANSWERING;
    if (x->response.spoil.lost) {
        session_spoil(session);
        return MHD_NO;
    }
    struct MHD_Response *out = make_response(session);
    if (out == NULL)
        return MHD_NO;
    if (add_headers(out, &x->response, close))
        result = MHD_queue_response(session->connection, (unsigned)x->response.status, out);
    MHD_destroy_response(out);
    return result;
}

static enum MHD_Result answer(const struct http_server *server, struct session *session)
{
    struct exchange *x = &session->x;

    if (exchange_check_body(x))
        control_handle(server->settings.control, &x->request, &x->response);
    if (!x->response.waiting)
        return send_response(server, session);
    x->stage = EXCHANGE_WAITING;
    return session_suspend(session) ? MHD_YES : MHD_NO;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **request_context)
{
    struct http_server *server = cls;
    struct session *session = *request_context;
    (void)url;

    server->sessions.heard = true;
    if (session == NULL)
        return MHD_NO;
    struct exchange *x = &session->x;
    if (x->stage == EXCHANGE_LINE) {
        server->busy++;
        MHD_get_connection_values_n(connection, MHD_HEADER_KIND, on_header, x);
        if (exchange_check_head(x, text_of(method), text_of(version), monotonic_now_ns()))
            return MHD_YES;
        return send_response(server, session);
    }
    if (x->stage == EXCHANGE_WAITING)
        return session->gone ? MHD_NO : send_response(server, session);
    /* Not by the size: a body of none may come in a piece of none (HTTP-010). */
    if (upload == NULL)
        return answer(server, session);
    const size_t len = *upload_size;
    *upload_size = 0;
    return exchange_add_body(x, upload, len) ? MHD_YES : MHD_NO;
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
    access_log_add(server->settings.log, &entry);
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **request_context,
                         enum MHD_RequestTerminationCode code)
{
    struct http_server *server = cls;
    struct session *session = *request_context;

    server->sessions.heard = true;
    if (session == NULL)
        return;
    if (session->x.stage == EXCHANGE_ANSWERING) {
        log_answer(server, &session->x);
        session->x.response.sent_bytes = session->x.sent_bytes;
        session->x.response.delivered = code == MHD_REQUEST_TERMINATED_COMPLETED_OK;
    }
    if (session->x.stage >= EXCHANGE_RECEIVING)
        server->busy--;
    session_end(session);
    *request_context = NULL;
    if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT,
                                  server->settings.idle_seconds);
}

void http_server_ready(struct response *res)
{
    session_resume((struct session *)((char *)res - offsetof(struct session, x.response)));
}

static bool start_daemon(struct http_server *server, struct error *err)
{
    const struct http_server_settings *settings = &server->settings;
    const struct MHD_OptionItem options[] = {
        { MHD_OPTION_LISTEN_SOCKET, settings->listen_fd, NULL },
        { MHD_OPTION_CONNECTION_LIMIT, settings->max_connections, NULL },
        { MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY_BYTES, NULL },
        { MHD_OPTION_CONNECTION_TIMEOUT, settings->idle_seconds, NULL },
        { MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)on_request_line, server },
        { MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)leave_escaped, server },
        { MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, server },
        { MHD_OPTION_END, 0, NULL },
    };

    server->daemon =
        MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request,
                         server, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    return server->daemon != NULL || error_set(err, ERROR_INTERNAL, "cannot start the HTTP server");
}

static bool start(struct http_server *server, struct error *err)
{
    const struct http_server_settings *settings = &server->settings;

    if (!sessions_init(&server->sessions, settings->control, settings->max_body, err))
        return false;
    if (start_daemon(server, err))
        return true;
    sessions_fini(&server->sessions);
    return false;
}

bool http_server_new(const struct http_server_settings *settings, struct http_server **out,
                     struct error *err)
{
    struct http_server *server = calloc(1, sizeof *server);
    bool ok = server != NULL || error_set(err, ERROR_NO_MEMORY, "out of memory");

    if (ok) {
        server->settings = *settings;
        ok = start(server, err);
    }
    if (ok) {
        *out = server;
        return true;
    }
    close(settings->listen_fd);
    free(server);
    return false;
}

/* libmicrohttpd must not be stopped while a connection is suspended. */
static void end_waits(struct http_server *server)
{
    control_finish(server->settings.control);
    control_turn(server->settings.control);
}

void http_server_free(struct http_server *server)
{
    if (server == NULL)
        return;
    end_waits(server);
    MHD_stop_daemon(server->daemon);
    sessions_fini(&server->sessions);
    free(server);
}

static bool watch(int epoll_fd, int fd)
{
    struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool http_server_watch(const struct http_server *server, int epoll_fd, struct error *err)
{
    const int connections_fd =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;

    return (watch(epoll_fd, connections_fd) && watch(epoll_fd, server->sessions.departures_fd)) ||
           error_set(err, ERROR_INTERNAL, "cannot wait for connections: %s", strerror(errno));
}

int http_server_timeout_ms(const struct http_server *server)
{
    enum { LONGEST_MS = 3600 * 1000 };
    const int64_t pause_ns = control_pause_ns(server->settings.control);
    MHD_UNSIGNED_LONG_LONG timeout;
    int64_t ms = INT64_MAX;

    if (server->sessions.resumed)
        return 0;
    if (MHD_get_timeout(server->daemon, &timeout) == MHD_YES && timeout < LONGEST_MS)
        ms = (int64_t)timeout;
    if (ms == 0 && server->fruitless_runs > MAX_FRUITLESS_RUNS)
        ms = FRUITLESS_PAUSE_MS;
    if (pause_ns / NS_PER_MS < ms)
        ms = pause_ns / NS_PER_MS + (pause_ns % NS_PER_MS > 0);
    return ms > LONGEST_MS ? LONGEST_MS : (int)ms;
}

void http_server_run(struct http_server *server)
{
    MHD_UNSIGNED_LONG_LONG timeout;
    const bool at_once = MHD_get_timeout(server->daemon, &timeout) == MHD_YES && timeout == 0;

    sessions_drop_departed(&server->sessions);
    server->sessions.resumed = false;
    server->sessions.heard = false;
    MHD_run(server->daemon);
    server->fruitless_runs = at_once && !server->sessions.heard ? server->fruitless_runs + 1 : 0;
    control_turn(server->settings.control);
}

void http_server_quiesce(struct http_server *server)
{
    server->quiescing = true;
    end_waits(server);
    const int listen_fd = MHD_quiesce_daemon(server->daemon);
    if (listen_fd >= 0)
        close(listen_fd);
}

size_t http_server_busy(const struct http_server *server)
{
    return server->busy;
}
