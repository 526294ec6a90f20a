/* Finds out when nobody can connect any more, though open connections may still work.
 *
 * A thread that connects to the gateway's own address every WATCHDOG_PAUSE_MS, says that it has
 * nothing to say and waits until anything comes back, be it the end of the connection: a listener
 * that C-core has given up takes connections in and leaves them alone. With TLS too: a word of
 * plain text would be answered, but C-core would log each as a failed handshake. */
#ifndef TESTKIT_GATEWAY_RPC_WATCHDOG_H
#define TESTKIT_GATEWAY_RPC_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"

/* After this many probes in a row without an answer the listener is dead: five seconds at most.
 *
 * A probe during which the program's threads ran, or waited for a processor, for WATCHDOG_BUSY_MS
 * says less: too much work looks the same from outside. Of those it takes WATCHDOG_BUSY_TRIES, a
 * minute. */
enum {
    WATCHDOG_PAUSE_MS = 1000,
    WATCHDOG_PATIENCE_MS = 1300,
    WATCHDOG_TRIES = 3,
    WATCHDOG_BUSY_MS = 400,
    WATCHDOG_BUSY_TRIES = 26,
};

struct watchdog;

/* Starts the thread. Owned: watchdog_free().
 * host, port  where the gateway listens; a wildcard address is probed at its loopback address
 * path        of the socket it listens on instead; NULL for none
 * on_dead     called at most once, on the thread
 * Fails  UNAVAILABLE  the address cannot be looked up
 *        INTERNAL, NO_MEMORY */
MUST_USE bool watchdog_new(const char *host, uint16_t port, const char *path,
                           void (*on_dead)(void *context), void *context, struct watchdog **out,
                           struct error *err);
void watchdog_free(struct watchdog *watchdog);

#endif
