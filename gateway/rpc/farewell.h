/* Lets the last answers arrive when C-core closes its connections at the end.
 *
 * C-core 1.51 closes a connection as soon as its last call is answered. If the client has just sent
 * something that nobody reads any more, such as the acknowledgement of a ping, the system turns
 * that into a reset, and what still is on its way to the client is lost. C-core calls shutdown(2)
 * first, by way of the dynamic linker, which finds ours: from farewell_begin on it ends our side of
 * the connection only and keeps a descriptor of our own, so that the client can read to the end and
 * close first (docs/decisions/0006).
 *
 * Once per process, which then ends. */
#ifndef TESTKIT_GATEWAY_RPC_FAREWELL_H
#define TESTKIT_GATEWAY_RPC_FAREWELL_H

#include <stddef.h>
#include <stdint.h>

/* From now on connections that came by this listener are kept; while it is open. Does nothing when
 * the system refuses what it takes. */
void farewell_begin(int listener);

/* Waits until the clients have closed the connections that are kept. Returns how many had not done
 * so after limit_ms; they are given up. */
size_t farewell_wait(int64_t limit_ms);

#endif
