#include "gateway/rpc/watchdog.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/env/env.h"

struct watchdog {
    struct sockaddr_storage address;
    socklen_t address_len;
    void (*on_dead)(void *context);
    void *context;
    int stop_fd;
    pthread_t thread;
    bool is_started;
};

enum verdict {
    VERDICT_ALIVE,
    VERDICT_SILENT,
    VERDICT_BUSY,    /* silent, while this program lacked the time to answer */
    VERDICT_UNKNOWN, /* no socket for the probe: nothing can be said */
    VERDICT_STOP,
};

/* Waits for the socket; VERDICT_ALIVE when it is ready. */
static enum verdict wait_for(const struct watchdog *w, int fd, short events, int64_t until_ns)
{
    struct pollfd watched[] = { { .fd = fd, .events = events },
                                { .fd = w->stop_fd, .events = POLLIN } };
    for (;;) {
        const int64_t left_ns = until_ns - monotonic_now_ns();
        const int left_ms = left_ns <= 0 ? 0 : (int)(left_ns / NS_PER_MS) + 1;
        const int ready = poll(watched, 2, left_ms);
        if (ready < 0 && errno == EINTR)
            continue;
        if (watched[1].revents != 0)
            return VERDICT_STOP;
        return ready > 0 ? VERDICT_ALIVE : VERDICT_SILENT;
    }
}

static enum verdict greet(const struct watchdog *w, int fd, int64_t until_ns)
{
    int failure = 0;
    socklen_t len = sizeof failure;
    char byte = 0;
    const enum verdict connected = wait_for(w, fd, POLLOUT, until_ns);
    if (connected != VERDICT_ALIVE)
        return connected;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &len) != 0 || failure != 0)
        return VERDICT_SILENT; /* refused: nobody listens */
    (void)shutdown(fd, SHUT_WR);
    const enum verdict answered = wait_for(w, fd, POLLIN, until_ns);
    if (answered == VERDICT_ALIVE)
        (void)recv(fd, &byte, sizeof byte, 0);
    return answered;
}

/* How long the threads of this program have run or waited for a processor so far; 0 when the kernel
 * does not say. */
static int64_t wanted_ns(void)
{
    int64_t sum = 0;
    DIR *threads = opendir("/proc/self/task");
    for (const struct dirent *t = NULL; threads != NULL && (t = readdir(threads)) != NULL;) {
        char path[64], line[96];
        (void)snprintf(path, sizeof path, "/proc/self/task/%.16s/schedstat", t->d_name);
        const int fd = open(path, O_RDONLY | O_CLOEXEC);
        const ssize_t len = fd < 0 ? -1 : read(fd, line, sizeof line);
        struct text rest = { line, len < 0 ? 0 : (size_t)len };
        int64_t ran = 0, waited = 0;
        if (text_parse_i64(text_split(&rest, ' '), &ran) &&
            text_parse_i64(text_split(&rest, ' '), &waited))
            sum += ran + waited;
        if (fd >= 0)
            close(fd);
    }
    if (threads != NULL)
        closedir(threads);
    return sum;
}

static enum verdict probe(const struct watchdog *w)
{
    const int64_t wanted_before_ns = wanted_ns();
    const int64_t until_ns = monotonic_now_ns() + WATCHDOG_PATIENCE_MS * NS_PER_MS;
    const int fd = socket(w->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return VERDICT_UNKNOWN;
    enum verdict verdict = VERDICT_SILENT;
    if (connect(fd, (const struct sockaddr *)&w->address, w->address_len) == 0 ||
        errno == EINPROGRESS)
        verdict = greet(w, fd, until_ns);
    /* A refusal comes at once; the next try must not, or all of them fall into one moment. */
    if (verdict == VERDICT_SILENT && wait_for(w, -1, 0, until_ns) == VERDICT_STOP)
        verdict = VERDICT_STOP;
    close(fd);
    const bool is_busy = wanted_ns() - wanted_before_ns > WATCHDOG_BUSY_MS * NS_PER_MS;
    return verdict == VERDICT_SILENT && is_busy ? VERDICT_BUSY : verdict;
}

static void *watch(void *arg)
{
    struct watchdog *w = arg;
    int silent = 0;
    int busy = 0;
    while (silent < WATCHDOG_TRIES && busy < WATCHDOG_BUSY_TRIES) {
        const int64_t next_ns = monotonic_now_ns() + WATCHDOG_PAUSE_MS * NS_PER_MS;
        if (silent == 0 && wait_for(w, -1, 0, next_ns) == VERDICT_STOP)
            return NULL;
        switch (probe(w)) {
        case VERDICT_ALIVE:
            silent = busy = 0;
            break;
        case VERDICT_BUSY:
            busy++;
            break;
        case VERDICT_SILENT:
            silent++;
            break;
        case VERDICT_UNKNOWN:
            if (silent > 0 && wait_for(w, -1, 0, next_ns) == VERDICT_STOP)
                return NULL;
            break;
        case VERDICT_STOP:
            return NULL;
        }
    }
    w->on_dead(w->context);
    return NULL;
}

static bool look_up(struct watchdog *w, const char *host, uint16_t port, struct error *err)
{
    const struct addrinfo hints = { .ai_flags = AI_NUMERICSERV,
                                    .ai_family = AF_UNSPEC,
                                    .ai_socktype = SOCK_STREAM };
    /* Without a name the resolver gives the loopback address. */
    const bool any_v4 = strcmp(host, "0.0.0.0") == 0;
    const bool any_v6 = strcmp(host, "::") == 0;
    struct addrinfo *found = NULL;
    char service[8];
    (void)snprintf(service, sizeof service, "%u", port);
    const int failure = getaddrinfo(any_v4   ? "127.0.0.1"
                                    : any_v6 ? "::1"
                                             : host,
                                    service, &hints, &found);
    if (failure != 0)
        return error_set(err, ERROR_UNAVAILABLE, "cannot look up %s: %s", host,
                         gai_strerror(failure));
    memcpy(&w->address, found->ai_addr, found->ai_addrlen);
    w->address_len = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

static void use_path(struct watchdog *w, const char *path)
{
    struct sockaddr_un *address = (struct sockaddr_un *)&w->address;
    address->sun_family = AF_UNIX;
    (void)snprintf(address->sun_path, sizeof address->sun_path, "%s", path);
    w->address_len = sizeof *address;
}

static bool start(struct watchdog *w, struct error *err)
{
    sigset_t all;
    sigset_t before;
    w->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->stop_fd < 0)
        return error_set(err, ERROR_INTERNAL, "cannot make the watchdog: %s", strerror(errno));
    sigfillset(&all); /* signals are main's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failure = pthread_create(&w->thread, NULL, watch, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failure != 0)
        return error_set(err, ERROR_INTERNAL, "cannot start the watchdog: %s", strerror(failure));
    w->is_started = true;
    pthread_setname_np(w->thread, "watchdog");
    return true;
}

bool watchdog_new(const char *host, uint16_t port, const char *path, void (*on_dead)(void *context),
                  void *context, struct watchdog **out, struct error *err)
{
    struct watchdog *w = calloc(1, sizeof *w);
    if (w == NULL)
        return error_set(err, ERROR_NO_MEMORY, "no memory for the watchdog");
    w->stop_fd = -1;
    w->on_dead = on_dead;
    w->context = context;
    if (path != NULL)
        use_path(w, path);
    if ((path == NULL && !look_up(w, host, port, err)) || !start(w, err)) {
        watchdog_free(w);
        return false;
    }
    *out = w;
    return true;
}

void watchdog_free(struct watchdog *w)
{
    if (w == NULL)
        return;
    if (w->is_started) {
        const uint64_t one = 1;
        const ssize_t written = write(w->stop_fd, &one, sizeof one);
        (void)written;
        pthread_join(w->thread, NULL);
    }
    if (w->stop_fd >= 0)
        close(w->stop_fd);
    free(w);
}
