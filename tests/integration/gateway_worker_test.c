/* What the thread of a completion queue may wait for, by the word of the kernel: strace sees every
 * system call it makes and how long each takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/env/env.h"
#include "tests/support/gateway_rig.h"

enum { SKIPPED = 77, CALLS = 100, LINE_BYTES = 4096 };

/* Answers are held that long; a thread that waited for one would be seen to wait as long. */
static const int64_t hold_ns = NS_PER_SEC;
static const double longest_s = 0.25;

static const struct text one_id = TEXT("\n\2s1");

/* ---- strace -------------------------------------------------------------------------------- */

struct tracer {
    pid_t pid;
    char folder[64]; /* a file "t.TID" per thread */
};

static bool has_strace(void)
{
    return system("strace -o /dev/null true >/dev/null 2>&1") == 0;
}

/* The thread of that name; fails the test when there is not exactly one. */
static pid_t thread_named(pid_t pid, const char *name)
{
    char path[PATH_MAX];
    pid_t found = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char comm[64] = "";
        (void)snprintf(path, sizeof path, "/proc/%d/task/%.16s/comm", (int)pid, entry->d_name);
        FILE *file = fopen(path, "re");
        if (file == NULL)
            continue;
        if (fgets(comm, sizeof comm, file) != NULL && strcspn(comm, "\n") == strlen(name) &&
            strncmp(comm, name, strlen(name)) == 0) {
            assert_int_equal(found, 0);
            found = (pid_t)strtol(entry->d_name, NULL, 10);
        }
        (void)fclose(file);
    }
    closedir(folder);
    assert_true(found > 0);
    return found;
}

static bool is_traced(pid_t thread)
{
    char path[64];
    char line[256];
    int tracer = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)thread);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (tracer == 0 && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "TracerPid: %d", &tracer) != 1)
            tracer = 0;
    (void)fclose(file);
    return tracer != 0;
}

static void trace(struct tracer *tracer, pid_t pid, pid_t thread)
{
    char output[96];
    char target[16];
    (void)snprintf(tracer->folder, sizeof tracer->folder, "/tmp/testkit-worker-XXXXXX");
    assert_non_null(mkdtemp(tracer->folder));
    (void)snprintf(output, sizeof output, "%s/t", tracer->folder);
    (void)snprintf(target, sizeof target, "%d", (int)pid);
    tracer->pid = fork();
    assert_true(tracer->pid >= 0);
    if (tracer->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execlp("strace", "strace", "-qq", "-ff", "-T", "-o", output, "-p", target, NULL);
        _exit(127);
    }
    const int64_t until_ns = monotonic_now_ns() + 10 * NS_PER_SEC;
    while (!is_traced(thread) && monotonic_now_ns() < until_ns)
        continue;
    assert_true(is_traced(thread));
}

static void end_trace(struct tracer *tracer)
{
    int status = 0;
    assert_int_equal(kill(tracer->pid, SIGINT), 0); /* it lets go of the gateway */
    assert_int_equal(waitpid(tracer->pid, &status, 0), tracer->pid);
}

static void remove_trace(const struct tracer *tracer)
{
    DIR *folder = opendir(tracer->folder);
    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        (void)unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
    assert_int_equal(rmdir(tracer->folder), 0);
}

/* ---- What it says -------------------------------------------------------------------------- */

/* The upstream's thread and main's do these. */
static const char *const not_here[] = { "connect", "sendto",    "recvfrom",  "rt_sigtimedwait",
                                        "fsync",   "nanosleep", "fdatasync", "wait4" };

struct waits {
    size_t calls;
    size_t queue_waits; /* C-core's, for whatever comes next */
    double longest_queue_s;
    double longest_other_s;
    char longest_other[LINE_BYTES];
};

/* "recvmsg(9, {...}, 0) = 42 <0.000012>" */
static void look_at(struct waits *waits, char *line)
{
    const size_t name_len = strcspn(line, "(");
    const char *took = strrchr(line, '<');
    double seconds = 0;
    if (line[name_len] != '(' || took == NULL || sscanf(took, "<%lf>", &seconds) != 1)
        return;
    waits->calls++;
    for (size_t i = 0; i < ARRAY_LEN(not_here); i++)
        if (strlen(not_here[i]) == name_len && strncmp(line, not_here[i], name_len) == 0)
            fail_msg("a worker has no business with %s", line);
    if (strncmp(line, "epoll_wait(", 11) == 0 || strncmp(line, "epoll_pwait(", 12) == 0) {
        waits->queue_waits++;
        if (seconds > waits->longest_queue_s)
            waits->longest_queue_s = seconds;
    } else if (seconds > waits->longest_other_s) {
        waits->longest_other_s = seconds;
        (void)snprintf(waits->longest_other, sizeof waits->longest_other, "%s", line);
    }
}

static struct waits read_trace(const struct tracer *tracer, pid_t thread)
{
    static char line[LINE_BYTES];
    struct waits waits = { 0 };
    char path[96];
    (void)snprintf(path, sizeof path, "%s/t.%d", tracer->folder, (int)thread);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL)
        look_at(&waits, line);
    (void)fclose(file);
    return waits;
}

/* ---- Test ---------------------------------------------------------------------------------- */

static void a_worker_waits_for_nothing_but_its_queue(void **state)
{
    (void)state;
    const char *flags[] = { "--workers", "1", NULL };
    struct gateway_rig *rig = gateway_rig_start(flags);
    struct grpc_raw_call *calls[CALLS];
    struct tracer tracer;
    gateway_rig_assert_serves(rig);
    const pid_t worker = thread_named(rig->program.pid, "worker");
    trace(&tracer, rig->program.pid, worker);

    fake_upstream_otherwise(
        rig->upstream,
        (struct fake_reply){ .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
                             .hold = true });
    for (size_t i = 0; i < CALLS; i++)
        calls[i] = gateway_rig_begin(
            rig, i % 2 == 0 ? "SnapshotService/GetSnapshot" : "SnapshotService/CreateSnapshot",
            one_id);
    assert_true(fake_upstream_wait_requests(rig->upstream, CALLS + 1));
    /* While all these wait, the only worker answers at once. */
    size_t answered = 0;
    for (const int64_t until_ns = monotonic_now_ns() + hold_ns; monotonic_now_ns() < until_ns;
         answered++) {
        SCOPED(grpc_raw_reply)
        struct grpc_raw_reply reply = gateway_rig_call(rig, "SnapshotService/Nothing", one_id);
        assert_int_equal(reply.code, RPC_UNIMPLEMENTED);
    }
    fake_upstream_release(rig->upstream, FAKE_ALL);
    for (size_t i = 0; i < CALLS; i++) {
        SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = grpc_raw_finish(calls[i]);
        assert_int_equal(reply.code, RPC_OK);
    }
    end_trace(&tracer);

    const struct waits waits = read_trace(&tracer, worker);
    remove_trace(&tracer);
    print_message("%zu calls answered while %d wait; of the worker's %zu system calls %zu wait for "
                  "its queue, at most %.1f ms; the longest other takes %.1f ms: %s\n",
                  answered, CALLS, waits.calls, waits.queue_waits, waits.longest_queue_s * 1e3,
                  waits.longest_other_s * 1e3, waits.longest_other);
    assert_true(answered > 10);
    assert_true(waits.queue_waits > 0);
    if (waits.longest_other_s > longest_s)
        fail_msg("a worker waited: %s", waits.longest_other);
    gateway_rig_stop(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_waits_for_nothing_but_its_queue),
    };
    if (!has_strace()) {
        const char *ci = getenv("CI");
        print_message("SKIP: strace is not here, or may not look at processes\n");
        return ci != NULL && strcmp(ci, "true") == 0 ? 1 : SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
