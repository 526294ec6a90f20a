/* The hypeman-mock that the gateway starts when no --upstream is given, so one command gives a
 * working pair. It listens on a free port and stops when the gateway does, even if that crashes. */
#ifndef TESTKIT_GATEWAY_MOCK_CHILD_H
#define TESTKIT_GATEWAY_MOCK_CHILD_H

#include <sys/types.h>

#include "common/base/error.h"
#include "common/base/scope.h"

struct mock_child {
    pid_t pid; /* 0 = none */
    char url[128];
};

/* Starts the hypeman-mock beside this program and waits until it serves. Must run before the
 * process has threads. Its own settings come from HYPEMAN_MOCK_… variables.
 * Fails  NOT_FOUND    there is no such program beside this one
 *        UNAVAILABLE  it ended instead of serving (it has said why on standard error)
 *        INTERNAL */
MUST_USE bool mock_child_start(struct mock_child *child, const char *log, struct error *err);

/* SIGTERM, then waits for it to end. Does nothing when none was started. */
void mock_child_stop(struct mock_child *child);

#endif
