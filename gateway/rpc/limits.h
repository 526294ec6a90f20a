/* How many connections and calls the system's descriptors allow. Pure. */
#ifndef TESTKIT_GATEWAY_RPC_LIMITS_H
#define TESTKIT_GATEWAY_RPC_LIMITS_H

#include <stddef.h>

struct limits {
    size_t descriptors;     /* that may be open: RLIMIT_NOFILE                         */
    size_t workers;         /* pairs of threads                                        */
    size_t max_inflight;    /* calls, each with a connection to the upstream           */
    size_t pool;            /* idle connections to the upstream that each worker keeps */
    size_t max_connections; /* of clients                                              */
};

enum limits_verdict {
    LIMITS_FIT,     /* max_connections may be lower, but not below min_connections */
    LIMITS_LOWERED, /* all are lower than wished                                   */
    LIMITS_TOO_FEW, /* descriptors; nothing was changed                            */
};

/* Lowers the limits until together they need no more than the descriptors, so that neither a client
 * nor a call ever finds none. */
enum limits_verdict limits_fit(struct limits *limits, size_t min_connections);

/* As many calls as the descriptors allow beside the other limits; at least 1. */
size_t limits_most_inflight(const struct limits *limits);

/* The descriptors with which these limits need not be lowered. */
size_t limits_needed(const struct limits *limits);

#endif
