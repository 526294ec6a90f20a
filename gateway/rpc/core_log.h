/* What C-core has to say, a failed handshake for example, as lines on standard error.
 *
 * C-core on its own would wait for whoever reads standard error, with a call's thread, as often as
 * a client makes it complain. */
#ifndef TESTKIT_GATEWAY_RPC_CORE_LOG_H
#define TESTKIT_GATEWAY_RPC_CORE_LOG_H

/* For the whole process. A line that cannot be written at once is lost. */
void core_log_install(void);

#endif
