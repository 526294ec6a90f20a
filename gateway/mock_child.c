#include "gateway/mock_child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/buffer.h"
#include "common/json/json_document.h"

enum { READY_LINE_MAX = 4096 };

/* The program of that name in the folder of our own. */
static bool sibling(const char *name, char *out, size_t size, struct error *err)
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
    if (access(out, X_OK) != 0)
        return error_set(err, ERROR_NOT_FOUND,
                         "no --upstream given and there is no %s to start: %s; name a server with "
                         "--upstream http://HOST:PORT",
                         out, strerror(errno));
    return true;
}

/* In the child: never returns. */
static void become_mock(const char *program, int ready_fd, const char *log, pid_t parent)
{
    char fd_text[16];
    sigset_t none;
    (void)snprintf(fd_text, sizeof fd_text, "%d", ready_fd);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(1);  /* the parent died before the line above */
    setpgid(0, 0); /* Ctrl-C is for the gateway, which drains first and stops us then */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    char *const argv[] = {
        UNCONST(program), UNCONST("--listen"), UNCONST("127.0.0.1:0"), UNCONST("--ready-fd"),
        fd_text,          UNCONST("--log"),    UNCONST(log),           NULL
    };
    execv(program, argv);
    (void)dprintf(STDERR_FILENO, "hypeman-gateway: cannot run %s: %s\n", program, strerror(errno));
    _exit(127);
}

static bool read_line(int fd, struct buffer *line, struct error *err)
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
           error_set(err, ERROR_UNAVAILABLE, "the hypeman-mock I started ended before it served");
}

/* The first of {"urls":[...]}. */
static bool first_url(struct text line, char *out, size_t size, struct error *err)
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
        return error_set(err, ERROR_INTERNAL, "the hypeman-mock I started gave no address");
    memcpy(out, url, strlen(url) + 1);
    return true;
}

bool mock_child_start(struct mock_child *child, const char *log, struct error *err)
{
    char program[4096];
    int ready[2];
    if (!sibling("hypeman-mock", program, sizeof program, err))
        return false;
    if (pipe(ready) != 0)
        return error_set(err, ERROR_INTERNAL, "cannot make a pipe: %s", strerror(errno));
    pid_t parent = getpid();
    child->pid = fork();
    if (child->pid == 0) {
        close(ready[0]);
        become_mock(program, ready[1], log, parent);
    }
    close(ready[1]);
    SCOPED(buffer) struct buffer line = buffer_capped(READY_LINE_MAX);
    bool ok = child->pid > 0 ? read_line(ready[0], &line, err) &&
                                   first_url(buffer_text(&line), child->url, sizeof child->url, err)
                             : error_set(err, ERROR_INTERNAL, "cannot start hypeman-mock: %s",
                                         strerror(errno));
    close(ready[0]);
    if (!ok)
        mock_child_stop(child);
    return ok;
}

void mock_child_stop(struct mock_child *child)
{
    if (child->pid <= 0)
        return;
    kill(child->pid, SIGTERM);
    while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    child->pid = 0;
}
