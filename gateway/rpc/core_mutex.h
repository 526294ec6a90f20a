/* C-core's mutexes, without their search for deadlocks.
 *
 * Debian's abseil is built with what is meant for debugging: each lock and unlock of any thread is
 * noted in one graph, under one more lock that all threads share, and a cycle ends the program. */
#ifndef TESTKIT_GATEWAY_RPC_CORE_MUTEX_H
#define TESTKIT_GATEWAY_RPC_CORE_MUTEX_H

/* For the whole process, before C-core is used. Does nothing where abseil has no such search. */
void core_mutex_trust(void);

#endif
