#include "gateway/rpc/limits.h"

#include <stdbool.h>

enum {
    /* Standard ones, listeners, the admin server with its connections, files that are read. */
    OWN = 64,
    OWN_PER_WORKER = 8, /* epoll, wake-ups, curl's own */
    FEWEST = 32,        /* beyond our own */
};

static size_t own(const struct limits *limits)
{
    return OWN + OWN_PER_WORKER * limits->workers;
}

size_t limits_needed(const struct limits *limits)
{
    return own(limits) + limits->max_inflight + limits->pool * limits->workers +
           limits->max_connections;
}

static size_t at_most(size_t value, size_t max)
{
    return value < max ? value : max;
}

enum limits_verdict limits_fit(struct limits *limits, size_t min_connections)
{
    struct limits least = *limits;
    least.max_connections = min_connections;
    if (limits->descriptors < own(limits) + FEWEST)
        return LIMITS_TOO_FEW;
    const size_t available = limits->descriptors - own(limits);
    const bool fits = limits_needed(&least) <= limits->descriptors;
    if (!fits) { /* half for calls, an eighth for idle connections, the rest for clients */
        limits->max_inflight = at_most(limits->max_inflight, available / 2);
        limits->pool = at_most(limits->pool, available / 8 / limits->workers);
    }
    limits->max_connections = at_most(limits->max_connections, available - limits->max_inflight -
                                                                   limits->pool * limits->workers);
    return fits ? LIMITS_FIT : LIMITS_LOWERED;
}

size_t limits_most_inflight(const struct limits *limits)
{
    struct limits others = *limits;
    others.max_inflight = 0;
    const size_t needed = limits_needed(&others);
    return needed < limits->descriptors ? limits->descriptors - needed : 1;
}
