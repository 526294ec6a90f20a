/* Looking images up: the one place that knows which exist. */
#ifndef TESTKIT_MOCK_DOMAIN_IMAGE_H
#define TESTKIT_MOCK_DOMAIN_IMAGE_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/domain/world.h"

/* Which variant of an image an instance gets. Every reference names a ready image that exists for
 * every platform.
 * platform  as the client wished, empty for the host's
 * resolved  "linux/amd64" or "linux/arm64", static
 * Fails     INVALID_ARGUMENT, field "platform": resolve image {i} for platform {p}: invalid
 *           platform: unsupported ... (INST-C-028, INST-C-029)
 *           INVALID_ARGUMENT, field "image": invalid request: running {arch} images requires an
 *           emulation-capable host; this host is {os}/{arch} (INST-C-031) */
MUST_USE bool image_resolve(const struct world *world, struct text reference, struct text platform,
                            struct text *resolved, struct error *err);

/* Fails     NOT_FOUND, field "image": instance image not found (INST-ST-027) */
MUST_USE bool image_check_present(const struct world *world, struct text reference,
                                  struct error *err);

#endif
