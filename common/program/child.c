#include "common/program/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/fd.h"

void inherited_note(struct inherited *out)
{
    sigprocmask(SIG_BLOCK, NULL, &out->blocked);
    sigaction(SIGPIPE, NULL, &out->on_pipe);
    getrlimit(RLIMIT_NOFILE, &out->files);
}

/* In the child; never returns. What goes wrong is told by report_fd, which a good end closes. */
static void become(char *const *argv, const struct inherited *inherited, pid_t parent,
                   int report_fd)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1); /* the parent ended before the line above */
    setrlimit(RLIMIT_NOFILE, &inherited->files);
    sigaction(SIGPIPE, &inherited->on_pipe, NULL);
    sigprocmask(SIG_SETMASK, &inherited->blocked, NULL);
    execvp(argv[0], argv);
    const int reason = errno;
    while (write(report_fd, &reason, sizeof reason) < 0 && errno == EINTR)
        continue;
    _exit(CHILD_STATUS_NOT_RUNNABLE);
}

static bool not_found(const char *name, struct error *err)
{
    if (strchr(name, '/') == NULL)
        return error_set(err, ERROR_NOT_FOUND, "there is no program \"%s\" in PATH; %s", name,
                         strchr(name, ' ') == NULL
                             ? "install it, or give its path"
                             : "give command and arguments as separate words, or: sh -c '...'");
    if (access(name, F_OK) == 0)
        return error_set(err, ERROR_NOT_FOUND,
                         "%s names an interpreter that does not exist; see its first line", name);
    return error_set(err, ERROR_NOT_FOUND, "there is no file %s; give a path that exists", name);
}

static bool not_runnable(const char *name, int reason, struct error *err)
{
    switch (reason) {
    case ENOENT:
    case ENOTDIR:
        return not_found(name, err);
    case EACCES:
        return error_set(err, ERROR_NOT_SUPPORTED,
                         "%s may not be executed; is it a program, and marked as one (chmod +x)?",
                         name);
    case E2BIG:
        return error_set(err, ERROR_NOT_SUPPORTED,
                         "the arguments of %s are too long; pass them in a file", name);
    default:
        return error_set(err, ERROR_NOT_SUPPORTED, "%s cannot be executed: %s", name,
                         strerror(reason));
    }
}

/* Zero when the program runs. */
static int read_report(int fd)
{
    int reason = 0;
    ssize_t n;

    do
        n = read(fd, &reason, sizeof reason);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof reason ? reason : 0;
}

bool child_start(struct child *child, char *const *argv, const struct inherited *inherited,
                 struct error *err)
{
    int report[2];
    const pid_t parent = getpid();

    if (pipe2(report, O_CLOEXEC) != 0)
        return error_set(err, ERROR_INTERNAL, "cannot make a pipe: %s", strerror(errno));
    SCOPED(fd) const int from_child = report[0];
    SCOPED(fd) int to_parent = report[1];
    struct child started = { .pid = fork() };
    if (started.pid == 0)
        become(argv, inherited, parent, to_parent);
    started.fd = started.pid < 0 ? -1 : pidfd_open(started.pid, 0);
    if (started.pid < 0 || started.fd < 0) {
        error_set(err, ERROR_INTERNAL, "cannot start %s: %s", argv[0], strerror(errno));
        child_stop(&started, 0);
        return false;
    }
    close(to_parent);
    to_parent = -1;
    const int reason = read_report(from_child);
    if (reason == 0) {
        *child = started;
        return true;
    }
    (void)child_wait(&started);
    return not_runnable(argv[0], reason, err);
}

void child_signal(const struct child *child, int number, bool from_terminal)
{
    /* A terminal's signals go to the whole group in its foreground. */
    if (!from_terminal || getpgid(child->pid) != getpgrp())
        (void)kill(child->pid, number);
}

int child_wait(struct child *child)
{
    int status = 0;

    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    fd_scope_end(&child->fd);
    *child = (struct child){ .fd = -1 };
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void child_stop(struct child *child, int patience_ms)
{
    struct pollfd end = { .fd = child->fd, .events = POLLIN };

    if (child->pid <= 0)
        return;
    (void)kill(child->pid, SIGTERM);
    if (poll(&end, 1, patience_ms) != 1)
        (void)kill(child->pid, SIGKILL);
    (void)child_wait(child);
}
