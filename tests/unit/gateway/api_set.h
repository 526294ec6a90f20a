/* The descriptor sets that tests and fuzzers translate by, compiled.
 * HYPEMAN_SET, OWN_SET and SHAPES_SET, from CMakeLists.txt, are the paths of the real API, of the
 * gateway's own services and of protos/shapes.proto. */
#ifndef TESTKIT_TESTS_UNIT_GATEWAY_API_SET_H
#define TESTKIT_TESTS_UNIT_GATEWAY_API_SET_H

#include "common/base/buffer.h"
#include "gateway/transcode/schema.h"

/* A whole file; ends the program when it cannot be read. Owned: buffer_fini(). */
struct buffer file_bytes(const char *path);

/* Owned: schema_free(). NULL, with the reason on stderr, when it cannot be compiled. */
struct schema *api_set_load(const char *path);

#endif
