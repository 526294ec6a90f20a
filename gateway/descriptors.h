/* What the gateway serves: the descriptor set built in, or one from a file, and beside it the
 * gateway's own services. */
#ifndef TESTKIT_GATEWAY_DESCRIPTORS_H
#define TESTKIT_GATEWAY_DESCRIPTORS_H

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "gateway/services/catalog.h"
#include "gateway/transcode/schema.h"

struct descriptors {
    struct buffer file; /* empty for the built-in set */
    struct schema *schema;
    struct catalog *catalog;
};

/* Compiles the set in `path`, or the built-in one when path is NULL. Owned: descriptors_fini().
 * Fails  NOT_FOUND         the file cannot be read
 *        INVALID_ARGUMENT  it is no usable descriptor set; the message names the file
 *        NO_MEMORY */
MUST_USE bool descriptors_load(const char *path, struct descriptors *out, struct error *err);
void descriptors_fini(struct descriptors *d);
void descriptors_scope_end(struct descriptors *d);

#endif
