#include "conformance/drive/workers.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "common/base/fd.h"
#include "common/env/env.h"
#include "common/program/signals.h"
#include "conformance/drive/grpc.h"
#include "conformance/drive/rest.h"
#include "conformance/rpc/twins.h"
#include "conformance/suite/play.h"
#include "conformance/suite/probe.h"

enum { PREFIX_MAX = 64, JOBS_MAX = 64 };

struct company {
    const struct performance *performance;
    _Atomic(struct result *) *results; /* by place in the plan; NULL: not there yet */
    atomic_size_t next;                /* place that nobody has taken               */
    atomic_bool ended;                 /* by a signal, or because of what is below  */
    atomic_bool lost;                  /* the target cannot be reached              */
    atomic_bool failed;                /* no memory for a result                    */
    int done_fd;                       /* counts results                            */
    int end_fd;                        /* readable once `ended` is true             */
    size_t handed;                     /* results that the caller has               */
};

static void add_one(int fd)
{
    uint64_t one = 1;

    while (write(fd, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

static void end_it(struct company *company)
{
    atomic_store(&company->ended, true);
    add_one(company->end_fd);
}

/* ---- the ways to the target ---- */

static bool open_rest(const struct company *company, struct transport *out, struct error *err)
{
    return rest_open(company->performance->addresses[VIA_REST], &company->ended, out, err);
}

static bool open_grpc(const struct company *company, struct transport *out, struct error *err)
{
    const struct performance *p = company->performance;

    return grpc_open(p->addresses[VIA_GRPC], p->api, &company->ended, out, err);
}

/* How a worker opens its own transport by each way. */
static const struct wire {
    bool (*open)(const struct company *company, struct transport *out, struct error *err);
    void (*close)(struct transport *transport);
} wires[VIA_COUNT] = {
    [VIA_REST] = { open_rest, rest_close },
    [VIA_GRPC] = { open_grpc, grpc_close },
};

static bool open_wires(const struct company *company, struct transport *transports,
                       struct error *err)
{
    const char *const *addresses = company->performance->addresses;

    for (size_t i = 0; i < VIA_COUNT; i++) {
        if (addresses[i] != NULL && !wires[i].open(company, &transports[i], err))
            return false;
    }
    return true;
}

static void close_wires(struct transport *transports)
{
    for (size_t i = 0; i < VIA_COUNT; i++) {
        if (transports[i].exchange != NULL)
            wires[i].close(&transports[i]);
    }
}

/* ---- a worker ---- */

static int64_t wall_ns(void *ctx)
{
    const struct clock clock = clock_system();

    (void)ctx;
    return clock.now_ns(clock.ctx);
}

static int64_t now_ns(void *ctx)
{
    (void)ctx;
    return monotonic_now_ns();
}

static void pause_ns(void *ctx, int64_t ns)
{
    const struct company *company = ctx;
    struct pollfd end = { .fd = company->end_fd, .events = POLLIN };
    const struct timespec wait = { .tv_sec = ns / NS_PER_SEC, .tv_nsec = ns % NS_PER_SEC };

    (void)ppoll(&end, 1, &wait, NULL);
}

static bool is_ended(void *ctx)
{
    const struct company *company = ctx;

    return atomic_load(&company->ended);
}

/* A scenario that was left without an answer may mean that nobody is there any more. */
static bool is_lost(const struct stage *stage, const struct result *result, bool reached)
{
    struct error ignored = { 0 };
    const struct exchange *last = result->last_exchange;
    bool silent = !reached || (last != NULL && !last->answered);

    return silent && result->outcome != OUTCOME_PASS && result->outcome != OUTCOME_SKIP &&
           !probe_alive(&stage->transport, stage->via, &ignored);
}

static bool play_both(const struct company *company, const struct transport *transports,
                      const struct stage *stage, const struct plan_item *item,
                      struct result *result)
{
    struct stage by[] = { [VIA_REST] = *stage, [VIA_GRPC] = *stage };

    by[VIA_GRPC].transport = transports[VIA_GRPC];
    return twins_play(item->scenario, by, company->performance->api, result);
}

static void play_one(struct company *company, const struct transport *transports, size_t place,
                     struct result *result)
{
    const struct performance *p = company->performance;
    const struct plan_item *item = &p->plan->items[place];
    char prefix[PREFIX_MAX];

    (void)snprintf(prefix, sizeof prefix, "%s-%zu", p->run_id, place);
    const struct stage stage = {
        .transport = transports[item->via == VIA_BOTH ? VIA_REST : item->via],
        .control = transports[VIA_REST],
        .via = item->via,
        .truth = p->truth,
        .shapes = p->shapes,
        .target = p->target,
        .token = p->token,
        .jwt_secret = p->jwt_secret,
        .wall_ns = wall_ns,
        .image = p->image,
        .prefix = prefix,
        .deadline_ns = p->deadline_ns,
        .now_ns = now_ns,
        .pause = pause_ns,
        .cancelled = is_ended,
        .ctx = company,
    };
    bool reached = item->via == VIA_BOTH ? play_both(company, transports, &stage, item, result)
                                         : play(item->scenario, &stage, result);
    if (!is_ended(company) && is_lost(&stage, result, reached)) {
        atomic_store(&company->lost, true);
        end_it(company);
    } else if (!reached) {
        result->outcome = OUTCOME_FAIL; /* others could connect */
    }
}

static void settle(struct result *result, enum outcome outcome, const char *reason)
{
    result->outcome = outcome;
    result->reason = reason;
}

static void *work(void *ctx)
{
    struct company *company = ctx;
    const struct plan *plan = company->performance->plan;
    struct transport transports[VIA_COUNT] = { 0 };
    struct error err = { 0 };
    size_t place;

    bool ready = open_wires(company, transports, &err);
    while ((place = atomic_fetch_add(&company->next, 1)) < plan->count) {
        const struct plan_item *item = &plan->items[place];
        struct result *result = result_new(item->scenario, item->via);
        if (result == NULL || !ready)
            atomic_store(&company->failed, true);
        else if (item->skip != NULL)
            settle(result, OUTCOME_SKIP, item->skip);
        else if (is_ended(company))
            settle(result, OUTCOME_NOT_RUN, "the run was over before");
        else
            play_one(company, transports, place, result);
        atomic_store(&company->results[place], result);
        add_one(company->done_fd);
    }
    close_wires(transports);
    return NULL;
}

/* ---- the caller's thread ---- */

/* Hands over what has come, up to the first that has not. */
static void hand_over(struct company *company)
{
    const struct performance *p = company->performance;
    struct result *result;

    while (company->handed < p->plan->count &&
           (result = atomic_load(&company->results[company->handed])) != NULL) {
        company->handed++;
        p->on_result(p->ctx, result);
    }
}

static void watch(struct company *company, bool *interrupted)
{
    const struct performance *p = company->performance;
    struct pollfd fds[] = { { .fd = company->done_fd, .events = POLLIN },
                            { .fd = p->signal_fd, .events = POLLIN } };

    while (company->handed < p->plan->count && !atomic_load(&company->failed)) {
        uint64_t count;
        if (poll(fds, ARRAY_LEN(fds), -1) < 0)
            continue; /* EINTR */
        if (fds[1].revents != 0 && signals_take(p->signal_fd)) {
            *interrupted = true;
            end_it(company);
        }
        if (fds[0].revents != 0)
            (void)!read(company->done_fd, &count, sizeof count);
        hand_over(company);
    }
}

static bool employ(struct company *company, bool *interrupted, struct error *err)
{
    pthread_t threads[JOBS_MAX];
    size_t count = 0;

    while (count < company->performance->jobs && count < JOBS_MAX &&
           pthread_create(&threads[count], NULL, work, company) == 0)
        count++;
    if (count > 0)
        watch(company, interrupted);
    for (size_t i = 0; i < count; i++)
        (void)pthread_join(threads[i], NULL);
    if (count == 0)
        return error_set(err, ERROR_INTERNAL, "cannot start a thread: %s", strerror(errno));
    return !atomic_load(&company->failed) || error_set(err, ERROR_NO_MEMORY, "out of memory");
}

bool perform(const struct performance *performance, enum run_end *end, struct error *err)
{
    SCOPED(fd) int done_fd = eventfd(0, EFD_CLOEXEC);
    SCOPED(fd) int end_fd = eventfd(0, EFD_CLOEXEC);
    struct company company = { .performance = performance, .done_fd = done_fd, .end_fd = end_fd };
    bool interrupted = false;

    company.results = calloc(performance->plan->count + 1, sizeof *company.results);
    if (company.results == NULL || done_fd < 0 || end_fd < 0) {
        free(company.results);
        return error_set(err, ERROR_INTERNAL, "cannot begin: %s", strerror(errno));
    }
    bool ok = employ(&company, &interrupted, err);
    *end = atomic_load(&company.lost) ? RUN_UNREACHABLE
           : interrupted              ? RUN_INTERRUPTED
                                      : RUN_COMPLETE;
    for (size_t i = company.handed; i < performance->plan->count; i++)
        result_free(atomic_load(&company.results[i]));
    free(company.results);
    return ok;
}
