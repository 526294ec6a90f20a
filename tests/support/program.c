#include "tests/support/program.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000, MAX_ARGS = 64, READY_BYTES = 4096 };

/* In the child. The test's own signal mask and handlers stay out of it. */
static void become(const char *name, char **argv, int stdout_fd, int output_fd, rlim_t descriptors)
{
    char path[4096];
    const char *bin = getenv("TESTKIT_BIN");
    sigset_t none;
    const struct rlimit limit = { descriptors, descriptors };

    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nothing running */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    snprintf(path, sizeof path, "%s/%s", bin == NULL ? "." : bin, name);
    dup2(stdout_fd, STDOUT_FILENO);
    dup2(output_fd, STDERR_FILENO);
    if (descriptors != RLIM_INFINITY && setrlimit(RLIMIT_NOFILE, &limit) != 0)
        _exit(126);
    execv(path, argv);
    dprintf(STDERR_FILENO, "cannot run %s: %s\n", path, strerror(errno));
    _exit(127);
}

/* ready_fd: the child's end of the pipe, -1 for none. */
static bool spawn(struct program *p, const char *name, const char *const *args, int stdout_fd,
                  int ready_fd, rlim_t descriptors)
{
    char ready[16];
    char *argv[MAX_ARGS + 4];
    size_t count = 0;

    argv[count++] = (char *)(uintptr_t)name;
    for (; *args != NULL && count < MAX_ARGS; args++)
        argv[count++] = (char *)(uintptr_t)*args;
    if (ready_fd >= 0) {
        snprintf(ready, sizeof ready, "%d", ready_fd);
        argv[count++] = (char *)(uintptr_t) "--ready-fd";
        argv[count++] = ready;
    }
    argv[count] = NULL;

    /* Appending, since Linux does not lock the position in such a file: of what two threads write
     * at once, one would overwrite the other. */
    *p = (struct program){ .pid = -1, .output_fd = memfd_create(name, MFD_CLOEXEC) };
    if (p->output_fd < 0 || fcntl(p->output_fd, F_SETFL, O_APPEND) != 0)
        return false;
    p->pid = fork();
    if (p->pid == 0)
        become(name, argv, stdout_fd, p->output_fd, descriptors);
    return p->pid > 0;
}

bool program_spawn(struct program *p, const char *name, const char *const *args)
{
    return spawn(p, name, args, STDOUT_FILENO, -1, RLIM_INFINITY);
}

bool program_spawn_to(struct program *p, const char *name, const char *const *args, int stdout_fd)
{
    return spawn(p, name, args, stdout_fd, -1, RLIM_INFINITY);
}

static bool read_urls(struct program *p, const char *line)
{
    json_auto_t *ready = json_loads(line, 0, NULL);
    const json_t *urls = json_object_get(ready, "urls");

    for (size_t i = 0; i < json_array_size(urls) && i < PROGRAM_MAX_URLS; i++) {
        const char *url = json_string_value(json_array_get(urls, i));
        if (url == NULL || strlen(url) >= PROGRAM_URL_BYTES)
            return false;
        strcpy(p->urls[p->url_count++], url);
    }
    return p->url_count > 0;
}

/* Reads the line up to the end of the pipe. */
static bool read_ready(struct program *p, int fd)
{
    char line[READY_BYTES];
    size_t len = 0;

    for (;;) {
        struct pollfd readable = { .fd = fd, .events = POLLIN };
        if (poll(&readable, 1, PATIENCE_MS) != 1)
            return false;
        const ssize_t n = read(fd, line + len, sizeof line - 1 - len);
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    line[len] = '\0';
    return read_urls(p, line);
}

static bool start(struct program *p, const char *name, const char *const *args, rlim_t descriptors)
{
    int pipe_fds[2];

    /* Only the end that the child inherits stays open over exec, and only in this child. */
    if (pipe2(pipe_fds, O_CLOEXEC) != 0)
        return false;
    const int write_end = dup(pipe_fds[1]);
    close(pipe_fds[1]);
    const bool spawned = spawn(p, name, args, STDOUT_FILENO, write_end, descriptors);
    close(write_end);
    const bool ready = spawned && read_ready(p, pipe_fds[0]);
    close(pipe_fds[0]);
    return ready;
}

bool program_start(struct program *p, const char *name, const char *const *args)
{
    return start(p, name, args, RLIM_INFINITY);
}

bool program_start_limited(struct program *p, const char *name, const char *const *args,
                           size_t descriptors)
{
    return start(p, name, args, descriptors);
}

/* Whether the child has ended within the time we have; kept apart from its status. */
static bool ends_in_time(pid_t pid)
{
    const int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd ended = { .fd = fd, .events = POLLIN };
    const bool in_time = fd >= 0 && poll(&ended, 1, PATIENCE_MS) == 1;

    if (fd >= 0)
        close(fd);
    return in_time;
}

static void read_output(struct program *p)
{
    const off_t size = lseek(p->output_fd, 0, SEEK_END);
    p->output = calloc(1, (size_t)(size < 0 ? 0 : size) + 1);
    if (p->output != NULL && size > 0)
        (void)!pread(p->output_fd, p->output, (size_t)size, 0);
    close(p->output_fd);
    p->output_fd = -1;
}

int program_wait(struct program *p)
{
    int status = 0;

    if (p->pid <= 0)
        return -1;
    const bool in_time = ends_in_time(p->pid);
    if (!in_time)
        kill(p->pid, SIGKILL);
    waitpid(p->pid, &status, 0);
    p->pid = -1;
    read_output(p);
    if (!in_time)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int program_stop(struct program *p, int signal)
{
    if (p->pid > 0)
        kill(p->pid, signal);
    return program_wait(p);
}

void program_free(struct program *p)
{
    if (p->pid > 0)
        (void)program_stop(p, SIGKILL);
    free(p->output);
    p->output = NULL;
}

size_t program_memory_bytes(const struct program *p)
{
    char path[64];
    unsigned long pages = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/statm", (int)p->pid);
    FILE *file = fopen(path, "re");
    assert(file != NULL);
    int read = fscanf(file, "%*u %lu", &pages);
    assert(read == 1);
    (void)read;
    (void)fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}
