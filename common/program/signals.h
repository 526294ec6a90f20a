/* Signals as something to read in a program's loop, where they interrupt nothing. */
#ifndef TESTKIT_COMMON_PROGRAM_SIGNALS_H
#define TESTKIT_COMMON_PROGRAM_SIGNALS_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/scope.h"

/* Blocks the signals for the calling thread, for good, and ignores SIGPIPE. A program does this
 * first, so that a signal is kept until somebody reads it.
 * signals  ended by 0
 * fd       owned: close(); non-blocking, closed on exec; readable while a signal is there
 * Fails    INTERNAL  the system refuses the descriptor */
MUST_USE bool signals_open(const int *signals, int *fd, struct error *err);

struct signal_news {
    int number;
    bool by_kernel; /* a key of the terminal, its hang-up: not kill() */
};

/* False when there is no more for now. A signal sent twice before it is read may come once. */
MUST_USE bool signals_next(int fd, struct signal_news *out);

/* Takes all that are there. False when there was none. */
MUST_USE bool signals_take(int fd);

#endif
