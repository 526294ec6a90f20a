/* File descriptors that end with their block: SCOPED(fd) int fd = -1. */
#ifndef TESTKIT_COMMON_BASE_FD_H
#define TESTKIT_COMMON_BASE_FD_H

#include <unistd.h>

#include "common/base/scope.h"

/* Does nothing for a negative one. */
static inline void fd_scope_end(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

#endif
