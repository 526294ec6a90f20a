/* How long calls take while others crowd the gateway: by code, from a client of its own.
 *
 *   overload_probe HOST:PORT PATH MESSAGE_FILE SECONDS
 *
 * Four threads make 25 calls a second each. Prints a line per code: its number, how many calls, and
 * the median and the 99th percentile in milliseconds. A refusal must carry a RetryInfo. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/file_bytes.h"
#include "tests/support/grpc_raw.h"

enum { THREADS = 4, CALLS_PER_SECOND = 25, CODES = 17, SECONDS_MAX = 3600 };
enum { RESOURCE_EXHAUSTED = 8 };

struct sample {
    int code;
    int64_t took_ns;
};

struct prober {
    pthread_t thread;
    const char *target;
    struct grpc_raw_request request;
    size_t sample_count;
    struct sample *samples;
};

static void fail(const char *what)
{
    (void)fprintf(stderr, "overload_probe: %s\n", what);
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool has_retry_info(const struct grpc_raw_reply *reply)
{
    static const char type[] = "google.rpc.RetryInfo";
    for (size_t i = 0; i < reply->trailer_count; i++)
        if (memmem(reply->trailers[i].value.data, reply->trailers[i].value.len, type,
                   sizeof type - 1) != NULL)
            return true;
    return false;
}

static void *probe(void *arg)
{
    struct prober *p = arg;
    struct grpc_raw_channel *channel = grpc_raw_connect(p->target);
    const int64_t start_ns = now_ns();
    for (size_t i = 0; i < p->sample_count; i++) {
        const int64_t at_ns = start_ns + (int64_t)i * (1000000000 / CALLS_PER_SECOND);
        const struct timespec at = { at_ns / 1000000000, at_ns % 1000000000 };
        (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
        const int64_t before_ns = now_ns();
        struct grpc_raw_reply reply = grpc_raw_run(channel, &p->request);
        p->samples[i] = (struct sample){ reply.code, now_ns() - before_ns };
        if (reply.code == RESOURCE_EXHAUSTED && !has_retry_info(&reply))
            fail("refused without a RetryInfo");
        grpc_raw_reply_fini(&reply);
    }
    grpc_raw_disconnect(channel);
    return NULL;
}

static int by_time(const void *a, const void *b)
{
    const int64_t left = *(const int64_t *)a;
    const int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static void tell(const struct prober *probers, int code)
{
    static int64_t times[THREADS * CALLS_PER_SECOND * SECONDS_MAX];
    size_t count = 0;
    for (size_t t = 0; t < THREADS; t++)
        for (size_t i = 0; i < probers[t].sample_count; i++)
            if (probers[t].samples[i].code == code)
                times[count++] = probers[t].samples[i].took_ns;
    if (count == 0)
        return;
    qsort(times, count, sizeof times[0], by_time);
    (void)printf("%d %zu %.2f %.2f\n", code, count, (double)times[count / 2] / 1e6,
                 (double)times[count * 99 / 100] / 1e6);
}

int main(int argc, char **argv)
{
    static struct prober probers[THREADS];
    char *message = NULL;
    if (argc != 5)
        fail("usage: overload_probe HOST:PORT PATH MESSAGE_FILE SECONDS");
    const size_t len = file_bytes_read(argv[3], &message);
    const long seconds = strtol(argv[4], NULL, 10);
    if (seconds < 1 || seconds > SECONDS_MAX)
        fail("1 to 3600 seconds");
    for (size_t t = 0; t < THREADS; t++) {
        struct prober *p = &probers[t];
        p->target = argv[1];
        p->request = (struct grpc_raw_request){ .path = argv[2], .message = { message, len } };
        p->sample_count = (size_t)seconds * CALLS_PER_SECOND;
        p->samples = calloc(p->sample_count, sizeof *p->samples);
        if (p->samples == NULL || pthread_create(&p->thread, NULL, probe, p) != 0)
            fail("no memory");
    }
    for (size_t t = 0; t < THREADS; t++)
        (void)pthread_join(probers[t].thread, NULL);
    for (int code = 0; code < CODES; code++)
        tell(probers, code);
    return 0;
}
