/* Another program that this one runs as a shell would: same terminal, same process group, standard
 * streams and environment, and nothing of what this program has changed for itself.
 *
 * For programs of one thread: the system takes the end of the thread that started a child for the
 * end of its parent. */
#ifndef TESTKIT_COMMON_PROGRAM_CHILD_H
#define TESTKIT_COMMON_PROGRAM_CHILD_H

#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "common/base/error.h"
#include "common/base/scope.h"

/* What this program was given and children are to have too. */
struct inherited {
    sigset_t blocked;
    struct sigaction on_pipe;
    struct rlimit files;
};

/* Before anything of it is changed. */
void inherited_note(struct inherited *out);

struct child {
    pid_t pid; /* 0: none                         */
    int fd;    /* readable once the child has ended */
};

/* The statuses of a shell for what cannot be run. */
enum { CHILD_STATUS_NOT_RUNNABLE = 126, CHILD_STATUS_NOT_FOUND = 127 };

/* Runs argv[0], looked for in PATH, with these arguments, up to a NULL. The child is killed when
 * this program ends before it, however it ends.
 * child  owned: child_wait() or child_stop()
 * Fails  NOT_FOUND      there is no such program
 *        NOT_SUPPORTED  it cannot be run; both messages say what to do
 *        INTERNAL       the system refuses another process */
MUST_USE bool child_start(struct child *child, char *const *argv, const struct inherited *inherited,
                          struct error *err);

/* Passes a signal on, unless the terminal has sent it to the child as well. */
void child_signal(const struct child *child, int number, bool from_terminal);

/* Waits for its end. Returns the exit status, or 128 and the signal that killed it. */
int child_wait(struct child *child);

/* SIGTERM, and SIGKILL when it has not ended by then. Does nothing for none. */
void child_stop(struct child *child, int patience_ms);

#endif
