/* The least an HTTP answer can cost with libmicrohttpd: every request gets the same bytes.
 *
 *   static_server BODY_FILE [DELAY_MS]
 *
 * With a delay each answer comes that much after its request. One thread and external epoll, as
 * hypeman-mock. Prints the port it serves on 127.0.0.1, then
 * serves until killed. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

#include <microhttpd.h>

#include "file_bytes.h"

static void fail(const char *what)
{
    (void)fprintf(stderr, "static_server: %s\n", what);
    exit(1);
}

/* Requests that wait, in the order of their arrival, which is that of their answers. */
enum { WAITING_MAX = 1 << 16 };
static struct {
    struct MHD_Connection *connection;
    int64_t due_ns;
} waiting[WAITING_MAX];
static size_t first_waiting, after_waiting;
static int64_t delay_ns;

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static enum MHD_Result wait_a_while(struct MHD_Connection *connection)
{
    if (after_waiting - first_waiting == WAITING_MAX)
        fail("too many requests wait");
    waiting[after_waiting % WAITING_MAX].connection = connection;
    waiting[after_waiting % WAITING_MAX].due_ns = now_ns() + delay_ns;
    after_waiting++;
    MHD_suspend_connection(connection);
    return MHD_YES;
}

static void resume_due(void)
{
    const int64_t now = now_ns();
    while (first_waiting < after_waiting && waiting[first_waiting % WAITING_MAX].due_ns <= now)
        MHD_resume_connection(waiting[first_waiting++ % WAITING_MAX].connection);
}

static enum MHD_Result on_request(void *response, struct MHD_Connection *connection,
                                  const char *url, const char *method, const char *version,
                                  const char *upload, size_t *upload_len, void **state)
{
    (void)url;
    (void)method;
    (void)version;
    (void)upload;
    /* Called once for the headers, once more when the whole request is there. */
    if (*state == NULL) {
        *state = response;
        return MHD_YES;
    }
    if (*upload_len > 0) {
        *upload_len = 0;
        return MHD_YES;
    }
    if (delay_ns > 0 && *state == response) {
        *state = &delay_ns; /* so the next time it is answered */
        return wait_a_while(connection);
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, response);
}

static int wait_ms(struct MHD_Daemon *daemon)
{
    MHD_UNSIGNED_LONG_LONG left = 0;
    if (first_waiting < after_waiting) {
        const int64_t left_ns = waiting[first_waiting % WAITING_MAX].due_ns - now_ns();
        return left_ns <= 0 ? 0 : (int)(left_ns / 1000000) + 1;
    }
    if (MHD_get_timeout(daemon, &left) != MHD_YES)
        return -1;
    return left > 1000 ? 1000 : (int)left;
}

static void serve(struct MHD_Daemon *daemon)
{
    const int fd = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    const int loop = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event watched = { .events = EPOLLIN };
    if (loop < 0 || epoll_ctl(loop, EPOLL_CTL_ADD, fd, &watched) != 0)
        fail("no epoll");
    for (;;) {
        if (epoll_wait(loop, &watched, 1, wait_ms(daemon)) < 0 && errno != EINTR)
            fail("epoll_wait");
        resume_due();
        (void)MHD_run(daemon);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2 && argc != 3)
        fail("usage: static_server BODY_FILE [DELAY_MS]");
    if (argc == 3)
        delay_ns = strtoll(argv[2], NULL, 10) * 1000000;
    char *body = NULL;
    const size_t len = file_bytes_read(argv[1], &body);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, body, MHD_RESPMEM_MUST_FREE);
    if (response == NULL ||
        MHD_add_response_header(response, "Content-Type", "application/json") != MHD_YES)
        fail("no memory");

    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request,
        response, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_END);
    if (daemon == NULL)
        fail("cannot listen");
    (void)printf("%d\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    (void)fflush(stdout);
    serve(daemon);
}
