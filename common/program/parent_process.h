/* The process that started this one. */
#ifndef TESTKIT_COMMON_PROGRAM_PARENT_PROCESS_H
#define TESTKIT_COMMON_PROGRAM_PARENT_PROCESS_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/scope.h"

/* A descriptor that is readable once the parent process has ended. To be asked for early: a parent
 * that ended before cannot be told from a new one.
 * fd     owned: close(); closed on exec
 * Fails  UNAVAILABLE  the parent has just ended, or is outside of this container */
MUST_USE bool parent_process_open(int *fd, struct error *err);

#endif
