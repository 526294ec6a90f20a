#include "tests/support/fake_upstream.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define WAIT_SECONDS 10
#define LISTENER     UINT64_MAX
#define WAKE_UP      (UINT64_MAX - 1)

struct script_entry {
    struct fake_reply reply; /* bytes owned, len filled in */
    struct script_entry *next;
};

struct connection {
    size_t number;
    char *in; /* received, not yet taken as a request */
    size_t in_len;
    int64_t peer_closed_ns;
    int fd; /* -1 when closed */
    bool peer_closed;

    bool replying; /* the rest describes the reply under way */
    bool reply_owned;
    bool held;
    struct fake_reply reply;
    size_t sent;
    size_t request;     /* its number */
    size_t request_len; /* bytes of `in` it took */
};

struct fake_upstream {
    int port;
    char url[128];
    int epoll_fd;
    int wake_fd;
    pthread_t thread;

    /* The thread works under the mutex too, except while it waits; so any function may do its work
     * right here. */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool stopping;
    int listen_fd;
    struct script_entry *script;
    struct script_entry **script_end;
    struct fake_reply otherwise;
    struct connection **connections;
    size_t connection_count;
    struct fake_request *requests;
    size_t request_count;
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

static char *copy_bytes(const char *bytes, size_t len)
{
    char *copy = check(malloc(len + 1));
    if (len > 0)
        memcpy(copy, bytes, len);
    copy[len] = '\0';
    return copy;
}

static struct fake_reply own_reply(struct fake_reply reply)
{
    if (reply.bytes == NULL)
        reply.len = 0;
    else if (reply.len == 0)
        reply.len = strlen(reply.bytes);
    reply.bytes = copy_bytes(reply.bytes, reply.len);
    return reply;
}

/* Our own copies are const only to those who read them. */
static void free_copy(const char *copy)
{
    char *own = NULL;
    memcpy(&own, &copy, sizeof own);
    free(own);
}

static void drop_reply(struct fake_reply *reply)
{
    free_copy(reply->bytes);
    reply->bytes = NULL;
}

/* ---- Connections, always under the mutex --------------------------------------------------- */

static void watch(struct fake_upstream *server, const struct connection *c, int operation,
                  bool for_writing)
{
    struct epoll_event event = { .events = EPOLLIN | (for_writing ? (uint32_t)EPOLLOUT : 0),
                                 .data.u64 = c->number };
    int failed = epoll_ctl(server->epoll_fd, operation, c->fd, &event);
    assert(failed == 0);
    (void)failed;
}

static void end_reply(struct connection *c)
{
    if (c->replying && c->reply_owned)
        drop_reply(&c->reply);
    c->replying = false;
    c->held = false;
}

static void close_connection(struct connection *c, bool reset)
{
    if (c->fd < 0)
        return;
    if (reset) {
        struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    close(c->fd);
    c->fd = -1;
    end_reply(c);
}

static void note_peer_closed(struct fake_upstream *server, struct connection *c)
{
    c->peer_closed = true;
    c->peer_closed_ns = now_ns();
    close_connection(c, false);
    pthread_cond_broadcast(&server->changed);
}

/* Bytes of the first request in `in`, 0 while it is not complete. */
static size_t whole_request(const struct connection *c)
{
    const char *end = c->in_len == 0 ? NULL : memmem(c->in, c->in_len, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    size_t head = (size_t)(end - c->in) + 4;
    size_t body = 0;
    const char *line = strcasestr(c->in, "\r\ncontent-length:");
    if (line != NULL && line < end)
        body = strtoul(line + strlen("\r\ncontent-length:"), NULL, 10);
    return c->in_len >= head + body ? head + body : 0;
}

static void log_request(struct fake_upstream *server, struct connection *c, size_t len)
{
    server->requests =
        check(realloc(server->requests, (server->request_count + 1) * sizeof *server->requests));
    char *bytes = copy_bytes(c->in, len);
    const char *blank = strstr(bytes, "\r\n\r\n");
    size_t head = blank == NULL ? len : (size_t)(blank - bytes) + 4;
    c->request = server->request_count;
    c->request_len = len;
    server->requests[server->request_count++] = (struct fake_request){
        .bytes = { bytes, len },
        .body = { bytes + head, len - head },
        .connection = c->number,
        .at_ns = now_ns(),
    };
    pthread_cond_broadcast(&server->changed);
}

static void begin_reply(struct fake_upstream *server, struct connection *c)
{
    struct script_entry *entry = server->script;
    if (entry != NULL) {
        server->script = entry->next;
        if (server->script == NULL)
            server->script_end = &server->script;
        c->reply = entry->reply;
        free(entry);
    } else
        c->reply = server->otherwise;
    c->reply_owned = entry != NULL;
    c->replying = true;
    c->sent = 0;
    c->held = c->reply.hold;
}

/* The bytes to act upon when the next reply's moment has come, through *len. */
static bool next_is_due(const struct fake_upstream *server, const struct connection *c, size_t *len)
{
    const struct fake_reply *reply =
        server->script != NULL ? &server->script->reply : &server->otherwise;
    *len = reply->after == 0 ? whole_request(c) : reply->after;
    return *len > 0 && c->in_len >= *len;
}

/* Sends what may be sent. True when the reply is over and the connection is still there. */
static bool go_on(struct fake_upstream *server, struct connection *c)
{
    for (;;) {
        size_t limit = c->held ? c->reply.hold_at : c->reply.len;
        if (c->sent >= limit)
            break;
        size_t len = c->reply.drip ? 1 : limit - c->sent;
        ssize_t n = send(c->fd, c->reply.bytes + c->sent, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN) {
            watch(server, c, EPOLL_CTL_MOD, true);
            return false;
        }
        if (n < 0) {
            note_peer_closed(server, c);
            return false;
        }
        c->sent += (size_t)n;
    }
    if (c->held)
        return false;
    if (c->reply.end != FAKE_KEEP) {
        close_connection(c, c->reply.end == FAKE_RESET);
        return false;
    }
    end_reply(c);
    memmove(c->in, c->in + c->request_len, c->in_len - c->request_len + 1);
    c->in_len -= c->request_len;
    return true;
}

static void serve(struct fake_upstream *server, struct connection *c)
{
    size_t len = 0;
    while (c->fd >= 0) {
        if (!c->replying) {
            if (!next_is_due(server, c, &len))
                return;
            log_request(server, c, len);
            begin_reply(server, c);
        }
        if (!go_on(server, c))
            return;
    }
}

static void receive(struct fake_upstream *server, struct connection *c)
{
    char bytes[16384];
    ssize_t n = 0;
    while ((n = recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
        c->in = check(realloc(c->in, c->in_len + (size_t)n + 1));
        memcpy(c->in + c->in_len, bytes, (size_t)n);
        c->in_len += (size_t)n;
        c->in[c->in_len] = '\0';
    }
    bool gone = n == 0 || errno != EAGAIN;
    if (!c->replying)
        serve(server, c);
    if (gone && c->fd >= 0)
        note_peer_closed(server, c);
}

static void on_connection_event(struct fake_upstream *server, struct connection *c, uint32_t events)
{
    if (c->fd >= 0 && (events & EPOLLOUT) != 0) {
        watch(server, c, EPOLL_CTL_MOD, false);
        serve(server, c);
    }
    if (c->fd >= 0 && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0)
        receive(server, c);
}

static void accept_all(struct fake_upstream *server)
{
    int fd = -1;
    while (server->listen_fd >= 0 &&
           (fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        int one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct connection *c = check(calloc(1, sizeof *c));
        c->fd = fd;
        c->number = server->connection_count;
        c->in = copy_bytes(NULL, 0);
        server->connections = check(realloc(server->connections, (server->connection_count + 1) *
                                                                     sizeof(struct connection *)));
        server->connections[server->connection_count++] = c;
        pthread_cond_broadcast(&server->changed);
        watch(server, c, EPOLL_CTL_ADD, false);
        if (server->script != NULL && server->script->reply.at_accept) {
            log_request(server, c, 0);
            begin_reply(server, c);
            serve(server, c);
        }
    }
}

static void *run(void *context)
{
    struct fake_upstream *server = context;
    struct epoll_event events[64];
    for (;;) {
        int count = epoll_wait(server->epoll_fd, events, 64, -1);
        pthread_mutex_lock(&server->mutex);
        for (int i = 0; i < count && !server->stopping; i++) {
            uint64_t what = events[i].data.u64;
            if (what == LISTENER)
                accept_all(server);
            else if (what != WAKE_UP)
                on_connection_event(server, server->connections[what], events[i].events);
        }
        bool stopping = server->stopping;
        pthread_mutex_unlock(&server->mutex);
        if (stopping)
            return NULL;
    }
}

/* ---- Life ---------------------------------------------------------------------------------- */

static void listen_at(struct fake_upstream *server, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    assert(strlen(path) < sizeof address.sun_path);
    strcpy(address.sun_path, path);
    server->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int failed = bind(server->listen_fd, (struct sockaddr *)&address, sizeof address);
    assert(failed == 0);
    failed = listen(server->listen_fd, 4096);
    assert(failed == 0);
    (void)failed;
    snprintf(server->url, sizeof server->url, "unix:%s", path);
}

static void listen_on_free_port(struct fake_upstream *server)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    server->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert(server->listen_fd >= 0);
    int failed = bind(server->listen_fd, (struct sockaddr *)&address, sizeof address);
    assert(failed == 0);
    failed = listen(server->listen_fd, 4096);
    assert(failed == 0);
    failed = getsockname(server->listen_fd, (struct sockaddr *)&address, &len);
    assert(failed == 0);
    (void)failed;
    server->port = ntohs(address.sin_port);
    snprintf(server->url, sizeof server->url, "http://127.0.0.1:%d", server->port);
}

static void watch_special(struct fake_upstream *server, int fd, uint64_t what)
{
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = what };
    int failed = epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event);
    assert(failed == 0);
    (void)failed;
}

/* path  NULL: a port */
static struct fake_upstream *start(const char *path)
{
    struct fake_upstream *server = check(calloc(1, sizeof *server));
    server->script_end = &server->script;
    server->otherwise = own_reply((struct fake_reply){
        .bytes =
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}" });

    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&server->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&server->mutex, NULL);

    server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    server->wake_fd = eventfd(0, EFD_CLOEXEC);
    if (path == NULL)
        listen_on_free_port(server);
    else
        listen_at(server, path);
    watch_special(server, server->listen_fd, LISTENER);
    watch_special(server, server->wake_fd, WAKE_UP);
    int failed = pthread_create(&server->thread, NULL, run, server);
    assert(failed == 0);
    (void)failed;
    return server;
}

struct fake_upstream *fake_upstream_new(void)
{
    return start(NULL);
}

struct fake_upstream *fake_upstream_new_at(const char *path)
{
    return start(path);
}

void fake_upstream_free(struct fake_upstream *server)
{
    if (server == NULL)
        return;
    pthread_mutex_lock(&server->mutex);
    server->stopping = true;
    pthread_mutex_unlock(&server->mutex);
    int failed = eventfd_write(server->wake_fd, 1);
    assert(failed == 0);
    (void)failed;
    pthread_join(server->thread, NULL);

    fake_upstream_hang_up(server);
    fake_upstream_stop_listening(server);
    for (size_t i = 0; i < server->connection_count; i++) {
        free(server->connections[i]->in);
        free(server->connections[i]);
    }
    for (size_t i = 0; i < server->request_count; i++)
        free_copy(server->requests[i].bytes.data);
    while (server->script != NULL) {
        struct script_entry *entry = server->script;
        server->script = entry->next;
        drop_reply(&entry->reply);
        free(entry);
    }
    drop_reply(&server->otherwise);
    free(server->connections);
    free(server->requests);
    close(server->epoll_fd);
    close(server->wake_fd);
    pthread_mutex_destroy(&server->mutex);
    pthread_cond_destroy(&server->changed);
    free(server);
}

int fake_upstream_port(const struct fake_upstream *server)
{
    return server->port;
}

const char *fake_upstream_url(const struct fake_upstream *server)
{
    return server->url;
}

/* ---- The script ---------------------------------------------------------------------------- */

void fake_upstream_reply(struct fake_upstream *server, struct fake_reply reply)
{
    struct script_entry *entry = check(calloc(1, sizeof *entry));
    entry->reply = own_reply(reply);
    pthread_mutex_lock(&server->mutex);
    *server->script_end = entry;
    server->script_end = &entry->next;
    pthread_mutex_unlock(&server->mutex);
}

void fake_upstream_answer(struct fake_upstream *server, int status, const char *body)
{
    char *answer = NULL;
    int len = asprintf(&answer,
                       "HTTP/1.1 %d Scripted\r\nContent-Type: application/json\r\n"
                       "Content-Length: %zu\r\n\r\n%s",
                       status, strlen(body), body);
    assert(len > 0);
    fake_upstream_reply(server, (struct fake_reply){ .bytes = answer, .len = (size_t)len });
    free(answer);
}

void fake_upstream_otherwise(struct fake_upstream *server, struct fake_reply reply)
{
    struct fake_reply owned = own_reply(reply);
    pthread_mutex_lock(&server->mutex);
    struct fake_reply former = server->otherwise;
    for (size_t i = 0; i < server->connection_count; i++) {
        /* One under way keeps its bytes for itself. */
        struct connection *c = server->connections[i];
        if (c->replying && !c->reply_owned) {
            c->reply = own_reply(c->reply);
            c->reply_owned = true;
        }
    }
    server->otherwise = owned;
    drop_reply(&former);
    pthread_mutex_unlock(&server->mutex);
}

void fake_upstream_release(struct fake_upstream *server, size_t request)
{
    pthread_mutex_lock(&server->mutex);
    for (size_t i = 0; i < server->connection_count; i++) {
        struct connection *c = server->connections[i];
        if (c->held && (request == FAKE_ALL || c->request == request)) {
            c->held = false;
            serve(server, c);
        }
    }
    pthread_mutex_unlock(&server->mutex);
}

void fake_upstream_hang_up(struct fake_upstream *server)
{
    pthread_mutex_lock(&server->mutex);
    for (size_t i = 0; i < server->connection_count; i++)
        close_connection(server->connections[i], false);
    pthread_mutex_unlock(&server->mutex);
}

void fake_upstream_stop_listening(struct fake_upstream *server)
{
    pthread_mutex_lock(&server->mutex);
    if (server->listen_fd >= 0)
        close(server->listen_fd);
    server->listen_fd = -1;
    pthread_mutex_unlock(&server->mutex);
}

/* ---- What happened ------------------------------------------------------------------------- */

size_t fake_upstream_request_count(struct fake_upstream *server)
{
    pthread_mutex_lock(&server->mutex);
    size_t count = server->request_count;
    pthread_mutex_unlock(&server->mutex);
    return count;
}

struct fake_request fake_upstream_request(struct fake_upstream *server, size_t number)
{
    pthread_mutex_lock(&server->mutex);
    assert(number < server->request_count);
    struct fake_request request = server->requests[number];
    pthread_mutex_unlock(&server->mutex);
    return request;
}

size_t fake_upstream_connection_count(struct fake_upstream *server)
{
    pthread_mutex_lock(&server->mutex);
    size_t count = server->connection_count;
    pthread_mutex_unlock(&server->mutex);
    return count;
}

typedef bool (*condition)(const struct fake_upstream *server, size_t number);

static bool has_requests(const struct fake_upstream *server, size_t count)
{
    return server->request_count >= count;
}

static bool has_connections(const struct fake_upstream *server, size_t count)
{
    return server->connection_count >= count;
}

static bool has_closed(const struct fake_upstream *server, size_t number)
{
    return number < server->connection_count && server->connections[number]->peer_closed;
}

/* With the mutex held. */
static bool wait_until(struct fake_upstream *server, condition is_true, size_t number)
{
    struct timespec limit;
    clock_gettime(CLOCK_MONOTONIC, &limit);
    limit.tv_sec += WAIT_SECONDS;
    while (!is_true(server, number)) {
        if (pthread_cond_timedwait(&server->changed, &server->mutex, &limit) == ETIMEDOUT)
            return is_true(server, number);
    }
    return true;
}

bool fake_upstream_wait_requests(struct fake_upstream *server, size_t count)
{
    pthread_mutex_lock(&server->mutex);
    bool reached = wait_until(server, has_requests, count);
    pthread_mutex_unlock(&server->mutex);
    return reached;
}

bool fake_upstream_wait_connections(struct fake_upstream *server, size_t count)
{
    pthread_mutex_lock(&server->mutex);
    bool reached = wait_until(server, has_connections, count);
    pthread_mutex_unlock(&server->mutex);
    return reached;
}

bool fake_upstream_wait_closed(struct fake_upstream *server, size_t connection, int64_t *at_ns)
{
    pthread_mutex_lock(&server->mutex);
    bool closed = wait_until(server, has_closed, connection);
    if (closed && at_ns != NULL)
        *at_ns = server->connections[connection]->peer_closed_ns;
    pthread_mutex_unlock(&server->mutex);
    return closed;
}
