/* Keeps C-core's listener alive, and within bounds, when descriptors run short.
 *
 * C-core 1.51 gives its listener up for good at the first accept4 that fails with EMFILE or another
 * error of the moment. It calls accept4 by way of the dynamic linker, which finds ours first: a
 * connection there is no descriptor for is accepted into a spare one and closed, and an error of
 * the moment looks like "nobody waits". What is over the cap is closed as soon as it is accepted,
 * so that the client sees it at once.
 *
 * There is one guard per process, for the listeners that rpc_server opens; others may be exempt.
 * All functions may be called from any thread. */
#ifndef TESTKIT_GATEWAY_RPC_ACCEPT_GUARD_H
#define TESTKIT_GATEWAY_RPC_ACCEPT_GUARD_H

#include <stddef.h>
#include <stdint.h>

/* Takes the spare descriptor and sets the cap on open connections; before any listener is served.
 */
void accept_guard_set(size_t max_connections);
/* That listener's connections are neither counted nor refused. */
void accept_guard_exempt(int listener);

/* The listener that was accepted from last; -1 while nobody came. */
int accept_guard_listener(void);

struct accept_counts {
    uint64_t accepted;
    uint64_t refused;
    size_t open; /* looked up: costs a system call per descriptor */
};
struct accept_counts accept_guard_counts(void);

#endif
