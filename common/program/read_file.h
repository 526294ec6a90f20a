/* A whole file a command line names, within a bound. */
#ifndef TESTKIT_COMMON_PROGRAM_READ_FILE_H
#define TESTKIT_COMMON_PROGRAM_READ_FILE_H

#include <stddef.h>

#include "common/base/buffer.h"
#include "common/base/error.h"

/* out    owned: buffer_fini(); as it was after a failure.
 * Fails  NOT_FOUND           it cannot be read; the message names it and says why
 *        RESOURCE_EXHAUSTED  it is larger than max_bytes
 *        NO_MEMORY */
MUST_USE bool read_file(const char *path, size_t max_bytes, struct buffer *out, struct error *err);

#endif
