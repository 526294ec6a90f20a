/* What it costs to count, to log and to trace one call: nanoseconds of CPU, without the call. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/program/line_log.h"
#include "gateway/metrics/metrics.h"
#include "gateway/proxy/trace_context.h"
#include "gateway/rpc/access_log.h"

enum { CALLS = 2000000, METHODS = 40, FLUSH_EVERY = 100 };

static int64_t cpu_ns(void)
{
    struct timespec spent;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return (int64_t)spent.tv_sec * 1000000000 + spent.tv_nsec;
}

static void fail(const char *what)
{
    (void)fprintf(stderr, "call_cost: %s\n", what);
    exit(1);
}

/* Everything a unary call counts. */
static void count_calls(struct metrics_worker *worker)
{
    const struct upstream_exchange answered = { .outcome = UPSTREAM_ANSWERED,
                                                .status = 200,
                                                .duration_ns = 900000 };
    for (size_t i = 0; i < CALLS; i++) {
        const size_t row = 1 + i % METHODS;
        metrics_call_started(worker, row);
        metrics_message_received(worker, row, 26);
        metrics_upstream_done(worker, &answered);
        metrics_unknown_members(worker, 1);
        metrics_message_sent(worker, row, 290);
        metrics_call_ended(worker, row, RPC_OK, 1000000);
    }
}

static void log_calls(struct line_log *log)
{
    const struct access_entry entry = {
        .method = TEXT("/hypeman.v1.SnapshotService/GetSnapshot"),
        .code = RPC_OK,
        .http_status = 200,
        .duration_ns = 1234567,
        .upstream_ns = 1200000,
        .request_bytes = 26,
        .reply_bytes = 290,
        .trace_id = TEXT("4bf92f3577b34da6a3ce929d0e0e4736"),
        .peer = TEXT("ipv4:127.0.0.1:40000"),
    };
    for (size_t i = 0; i < CALLS; i++) {
        access_log_add(log, &entry);
        if (i % FLUSH_EVERY == 0)
            line_log_flush(log);
    }
}

static void check_traces(void)
{
    size_t valid = 0;
    for (size_t i = 0; i < CALLS; i++)
        valid +=
            trace_context_check(TEXT("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
                                TEXT("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"))
                .state.len > 0;
    if (valid != CALLS)
        fail("a valid trace was dropped");
}

static void say(const char *what, int64_t since_ns)
{
    (void)printf("%s %.1f\n", what, (double)(cpu_ns() - since_ns) / CALLS);
}

static struct metrics *new_metrics(void)
{
    struct metrics *metrics = NULL;
    struct error err = { 0 };
    if (!metrics_new(1, &metrics, &err))
        fail(err.message);
    for (size_t i = 0; i < METHODS; i++) {
        char path[64];
        size_t row = 0;
        (void)snprintf(path, sizeof path, "/hypeman.v1.SnapshotService/Method%zu", i);
        if (!metrics_row(metrics, &(struct metrics_method){ .path = text_of(path) }, &row, &err))
            fail(err.message);
    }
    return metrics;
}

int main(void)
{
    struct metrics *metrics = new_metrics();
    struct line_log log;

    int64_t start_ns = cpu_ns();
    count_calls(metrics_worker(metrics, 0));
    say("count", start_ns);
    const enum log_form forms[] = { LOG_FORM_TEXT, LOG_FORM_JSON };
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        const int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
        if (fd < 0)
            fail("no /dev/null");
        line_log_init(&log, forms[i], fd);
        start_ns = cpu_ns();
        log_calls(&log);
        say(i == 0 ? "log_text" : "log_json", start_ns);
        if (log.lost > 0)
            fail("lines were lost");
        line_log_fini(&log);
    }
    start_ns = cpu_ns();
    check_traces();
    say("trace", start_ns);

    SCOPED(buffer) struct buffer page = buffer_capped(1 << 20);
    enum { PAGES = 1000 };
    start_ns = cpu_ns();
    for (int i = 0; i < PAGES; i++) {
        buffer_clear(&page);
        metrics_write(metrics, &page);
    }
    (void)printf("scrape %.1f\n", (double)(cpu_ns() - start_ns) / PAGES);
    metrics_free(metrics);
    return 0;
}
