/* The API the gateway serves: the descriptor set built in, or one from a file. */
#ifndef TESTKIT_GATEWAY_DESCRIPTORS_H
#define TESTKIT_GATEWAY_DESCRIPTORS_H

#include "common/base/error.h"
#include "gateway/transcode/schema.h"

/* Compiles the set in `path`, or the built-in one when path is NULL. Owned: schema_free().
 * Fails  NOT_FOUND         the file cannot be read
 *        INVALID_ARGUMENT  it is no usable descriptor set; the message names the file */
MUST_USE bool descriptors_load(const char *path, struct schema **out, struct error *err);

#endif
