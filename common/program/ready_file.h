/* Tells the outside that a program serves: one line of JSON, {"program":"hypeman-mock",
 * "version":"0.1.0","pid":123,"urls":["http://127.0.0.1:4973"]}, in a file or on a pipe. */
#ifndef TESTKIT_COMMON_PROGRAM_READY_FILE_H
#define TESTKIT_COMMON_PROGRAM_READY_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/base/scope.h"

struct ready {
    const char *program;
    const char *const *urls; /* the main listener first */
    size_t url_count;
};

/* Writes the file so that a reader sees all of it or none: a temporary file beside it, renamed.
 * Fails  INTERNAL (the message names the path and the reason), NO_MEMORY; no file is left behind */
MUST_USE bool ready_file_write(const char *path, const struct ready *ready, struct error *err);

/* The same line to a descriptor, for a parent that waits on a pipe. Does not close it; the caller
 * ignores SIGPIPE. */
MUST_USE bool ready_write_fd(int fd, const struct ready *ready, struct error *err);

#endif
