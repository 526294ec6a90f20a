/* Another program of this project, started as a child: the one of that name in the folder of our
 * own.
 *
 * It is waited for until it serves (--ready-fd), is out of reach of the terminal's Ctrl-C, which is
 * for us, and ends when we do, even if we crash. */
#ifndef TESTKIT_COMMON_PROGRAM_SIBLING_H
#define TESTKIT_COMMON_PROGRAM_SIBLING_H

#include <sys/types.h>

#include "common/base/error.h"
#include "common/base/scope.h"

struct sibling {
    pid_t pid; /* 0 = none */
    char url[128];
};

/* Starts it and waits until it serves. Must run before the process has threads.
 * name   "hypeman-mock"
 * args   NULL-terminated, without the name; "--ready-fd N" is added
 * Fails  NOT_FOUND    there is no such program beside this one
 *        UNAVAILABLE  it ended instead of serving (it has said why on standard error)
 *        INTERNAL, NO_MEMORY */
MUST_USE bool sibling_start(struct sibling *child, const char *name, const char *const *args,
                            struct error *err);

/* SIGTERM, and SIGKILL when it has not ended ten seconds later. Does nothing when none was started.
 */
void sibling_stop(struct sibling *child);

#endif
