#include "gateway/probe.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/env/env.h"

/* Whatever a health page holds is not looked at. */
enum { ANSWER_MAX = 1 << 20 };

/* What is known of the upstream. */
enum verdict { VERDICT_NONE, VERDICT_UP, VERDICT_DOWN };

struct probe {
    struct probe_config config;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_stopping;
    bool is_answered;

    /* The thread's. */
    struct http_header headers[3];
    struct upstream_exchange exchange;
    enum verdict verdict;
    int64_t failures; /* in a row */
};

bool probe_is_path(const char *path)
{
    for (const char *c = path; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~')
            return false;
    return path[0] == '/';
}

static void on_done(struct upstream_exchange *exchange)
{
    struct probe *probe = exchange->context;
    pthread_mutex_lock(&probe->mutex);
    probe->is_answered = true;
    pthread_cond_signal(&probe->changed);
    pthread_mutex_unlock(&probe->mutex);
}

static void prepare(struct probe *probe)
{
    const struct probe_config *config = &probe->config;
    struct upstream_exchange *x = &probe->exchange;
    const struct http_header headers[] = {
        { TEXT("Accept"), TEXT("*/*") },
        { TEXT("User-Agent"), TEXT("hypeman-gateway/" TESTKIT_VERSION) },
        { TEXT("Authorization"), text_of(config->authorization) },
    };
    memcpy(probe->headers, headers, sizeof headers);
    x->method = HTTP_GET;
    x->target = text_of(config->path);
    x->headers = probe->headers;
    x->header_count = ARRAY_LEN(headers) - (config->authorization == NULL);
    x->timeout_ms =
        config->period_ms < PROBE_MIN_PATIENCE_MS ? PROBE_MIN_PATIENCE_MS : config->period_ms;
    x->max_body_bytes = ANSWER_MAX;
    x->done = on_done;
    x->context = probe;
}

/* Waits until the time, or the answer if that is waited for; false when told to stop. */
static bool wait_until(struct probe *probe, const struct timespec *time)
{
    int failure = 0;
    pthread_mutex_lock(&probe->mutex);
    while (!probe->is_stopping && failure == 0 && (time != NULL || !probe->is_answered))
        failure = time == NULL ? pthread_cond_wait(&probe->changed, &probe->mutex)
                               : pthread_cond_timedwait(&probe->changed, &probe->mutex, time);
    bool goes_on = !probe->is_stopping;
    pthread_mutex_unlock(&probe->mutex);
    return goes_on;
}

/* One request and its end; false when told to stop. */
static bool ask(struct probe *probe)
{
    struct upstream_exchange *x = &probe->exchange;
    probe->is_answered = false; /* nothing is in flight */
    upstream_submit(probe->config.upstream, x);
    if (wait_until(probe, NULL))
        return true;
    pthread_mutex_lock(&probe->mutex);
    if (!probe->is_answered) /* so the exchange is still there to be named */
        upstream_cancel(probe->config.upstream, x->id);
    while (!probe->is_answered)
        pthread_cond_wait(&probe->changed, &probe->mutex);
    pthread_mutex_unlock(&probe->mutex);
    return false;
}

static void judge(struct probe *probe)
{
    const struct upstream_exchange *x = &probe->exchange;
    char why[sizeof x->detail + 64];
    /* An answer that is too long is an answer. */
    const bool is_answer =
        x->outcome == UPSTREAM_ANSWERED || (x->outcome == UPSTREAM_TOO_LARGE && x->status != 0);
    const bool is_well = is_answer && x->status / 100 == 2;
    probe->failures = is_well ? 0 : probe->failures + 1;
    enum verdict verdict = is_well                                     ? VERDICT_UP
                           : probe->failures >= probe->config.failures ? VERDICT_DOWN
                                                                       : probe->verdict;
    if (verdict == probe->verdict)
        return;
    if (is_answer)
        (void)snprintf(why, sizeof why, "it answers %d %s", x->status, http_reason(x->status));
    else
        (void)snprintf(why, sizeof why, "%s", x->detail);
    probe->verdict = verdict;
    probe->config.changed(probe->config.context, is_well, why);
}

static void *run(void *context)
{
    struct probe *probe = context;
    for (;;) {
        const int64_t next_ns = monotonic_now_ns() + probe->config.period_ms * NS_PER_MS;
        const struct timespec next = { next_ns / NS_PER_SEC, next_ns % NS_PER_SEC };
        if (!ask(probe))
            return NULL;
        judge(probe);
        buffer_fini(&probe->exchange.answer);
        if (!wait_until(probe, &next))
            return NULL;
    }
}

bool probe_new(const struct probe_config *config, struct probe **out, struct error *err)
{
    struct probe *probe = calloc(1, sizeof *probe);
    pthread_condattr_t monotonic;
    if (probe == NULL)
        return error_set(err, ERROR_NO_MEMORY, "no memory for the probe");
    probe->config = *config;
    prepare(probe);
    pthread_mutex_init(&probe->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&probe->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    int failure = pthread_create(&probe->thread, NULL, run, probe);
    if (failure != 0) {
        free(probe);
        return error_set(err, ERROR_RESOURCE_EXHAUSTED, "cannot start the probe's thread: %s",
                         strerror(failure));
    }
    *out = probe;
    return true;
}

void probe_free(struct probe *probe)
{
    if (probe == NULL)
        return;
    pthread_mutex_lock(&probe->mutex);
    probe->is_stopping = true;
    pthread_cond_signal(&probe->changed);
    pthread_mutex_unlock(&probe->mutex);
    pthread_join(probe->thread, NULL);
    buffer_fini(&probe->exchange.answer);
    pthread_cond_destroy(&probe->changed);
    pthread_mutex_destroy(&probe->mutex);
    free(probe);
}
