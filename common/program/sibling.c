#include "common/program/sibling.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/buffer.h"
#include "common/base/fd.h"
#include "common/json/json_document.h"

enum { READY_LINE_MAX = 4096, PATH_BYTES = 4096, ARGS_MAX = 32 };

static bool find(const char *name, char *out, size_t size, struct error *err)
{
    ssize_t len = readlink("/proc/self/exe", out, size - 1);

    if (len < 0)
        return error_set(err, ERROR_INTERNAL, "cannot find my own program: %s", strerror(errno));
    out[len] = '\0';
    char *slash = strrchr(out, '/');
    size_t folder = slash == NULL ? 0 : (size_t)(slash - out) + 1;
    if (folder + strlen(name) >= size)
        return error_set(err, ERROR_INTERNAL, "my own path is too long");
    memcpy(out + folder, name, strlen(name) + 1);
    return access(out, X_OK) == 0 ||
           error_set(err, ERROR_NOT_FOUND, "there is no %s to start: %s", out, strerror(errno));
}

/* In the child: never returns. */
static void become(const char *program, const char *const *args, int ready_fd, pid_t parent)
{
    char fd_text[16];
    char *argv[ARGS_MAX + 4] = { UNCONST(program), UNCONST("--ready-fd"), fd_text };
    sigset_t none;

    (void)snprintf(fd_text, sizeof fd_text, "%d", ready_fd);
    for (size_t i = 0; args[i] != NULL && i < ARGS_MAX; i++)
        argv[i + 3] = UNCONST(args[i]);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(1);  /* the parent died before the line above */
    setpgid(0, 0); /* Ctrl-C is for the parent, which ends first and stops us then */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execv(program, argv);
    (void)dprintf(STDERR_FILENO, "cannot run %s: %s\n", program, strerror(errno));
    _exit(127);
}

static bool read_line(int fd, const char *name, struct buffer *line, struct error *err)
{
    for (;;) {
        char *room = buffer_reserve(line, 512);
        ssize_t n = room == NULL ? 0 : read(fd, room, 512);
        if (n > 0)
            buffer_commit(line, (size_t)n);
        else if (n == 0 || errno != EINTR)
            break;
    }
    return line->len > 0 ||
           error_set(err, ERROR_UNAVAILABLE, "the %s I started ended before it served", name);
}

/* The first of {"urls":[...]}. */
static bool first_url(struct text line, const char *name, char *out, size_t size, struct error *err)
{
    json_auto_t *ready = NULL;
    struct json_at urls = { 0 };

    if (!json_document_load(line, false, &ready, err))
        return false;
    const struct json_at root = json_root(ready);
    if (!json_get_array(&root, "urls", true, &urls, err))
        return false;
    const char *url = json_string_value(json_array_get(urls.value, 0));
    if (url == NULL || strlen(url) >= size)
        return error_set(err, ERROR_INTERNAL, "the %s I started gave no address", name);
    memcpy(out, url, strlen(url) + 1);
    return true;
}

bool sibling_start(struct sibling *child, const char *name, const char *const *args,
                   struct error *err)
{
    char program[PATH_BYTES];
    int ready[2];

    if (!find(name, program, sizeof program, err))
        return false;
    if (pipe(ready) != 0)
        return error_set(err, ERROR_INTERNAL, "cannot make a pipe: %s", strerror(errno));
    SCOPED(fd) int from_child = ready[0];
    pid_t parent = getpid();
    child->pid = fork();
    if (child->pid == 0) {
        close(ready[0]);
        become(program, args, ready[1], parent);
    }
    close(ready[1]);
    SCOPED(buffer) struct buffer line = buffer_capped(READY_LINE_MAX);
    bool ok = child->pid > 0
                  ? read_line(from_child, name, &line, err) &&
                        first_url(buffer_text(&line), name, child->url, sizeof child->url, err)
                  : error_set(err, ERROR_INTERNAL, "cannot start %s: %s", name, strerror(errno));
    if (!ok)
        sibling_stop(child);
    return ok;
}

/* Whether the child ends within that time; true also when the system cannot tell. */
static bool ends_within(pid_t pid, int wait_ms)
{
    SCOPED(fd) int end = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd ended = { .fd = end, .events = POLLIN };

    return end < 0 || poll(&ended, 1, wait_ms) != 0;
}

void sibling_stop(struct sibling *child)
{
    enum { PATIENCE_MS = 10000 };

    if (child->pid <= 0)
        return;
    kill(child->pid, SIGTERM);
    if (!ends_within(child->pid, PATIENCE_MS))
        kill(child->pid, SIGKILL);
    while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    child->pid = 0;
}
