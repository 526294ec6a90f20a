/* Which images exist for the instances of a world, and what is said of those that do not. */
#ifndef TESTKIT_MOCK_DOMAIN_IMAGE_H
#define TESTKIT_MOCK_DOMAIN_IMAGE_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/domain/cow_map.h"
#include "mock/domain/image_reference.h"
#include "mock/domain/world.h"

/* What a world says of an image. Every legal reference is IMAGE_READY until told otherwise. */
enum image_condition {
    IMAGE_READY,        /* stored, for every platform                                   */
    IMAGE_MISSING,      /* not stored, and the registry does not know it (INST-C-023)   */
    IMAGE_RATE_LIMITED, /* not stored, and the registry has had enough (INST-C-026)     */
    IMAGE_UNREACHABLE,  /* not stored, and the registry fails otherwise (IMG-027)       */
    IMAGE_NO_PLATFORM,  /* known, but for no platform an instance can have (INST-C-030) */
    IMAGE_PULLABLE,     /* not stored; asking for it starts its pull (INST-C-024)       */
    IMAGE_PENDING,      /* this and what follows: known, not usable yet (INST-C-025)    */
    IMAGE_PULLING,
    IMAGE_CONVERTING,
    IMAGE_FAILED,
    IMAGE_CONDITION_COUNT,
};

/* "ready", "missing", "rate_limited" ...: static text. */
const char *image_condition_name(enum image_condition condition);
/* False, *out untouched, when no condition has that name. */
MUST_USE bool image_condition_parse(struct text name, enum image_condition *out);

/* What is so from now on for every reference of the same meaning: "alpine" is also
 * "docker.io/library/alpine:latest" (IMG-001). A digest and the tags that name it are strangers.
 * Instances that exist notice only IMAGE_MISSING (image_check_present).
 * reference  borrowed for the call
 * Fails      INVALID_ARGUMENT  as image_reference_parse()
 *            NO_MEMORY
 * A failed call changes nothing. */
MUST_USE bool world_set_image(struct world *world, struct text reference,
                              enum image_condition condition, struct error *err);

struct image_entry {
    struct image_name reference; /* written out */
    enum image_condition condition;
};

/* Puts a cursor before the first of the images that are not ready; they are read until one of them
 * changes. */
void world_images(const struct world *world, struct cow_cursor *out);
/* The next of them, in order of their names.
 * False at the end. */
MUST_USE bool image_next(struct cow_cursor *cursor, struct image_entry *out);

/* Which variant of an image a new instance gets: rows 20 and 21 of instances.md 7.1.
 * platform  as the client wished, empty for the host's
 * resolved  "linux/amd64" or "linux/arm64", static
 * Fails     in this order; resolve... stands for: resolve image {reference} for platform {platform}
 *   INVALID_ARGUMENT  "platform"  resolve...: invalid platform: ... (INST-C-028, INST-C-029)
 *   INTERNAL          "image"     invalid image name: {of image_reference_parse} (INST-C-022)
 *   NOT_FOUND         "image"     resolve...: image not found (INST-C-023)
 *   UNAVAILABLE       "image"     registry rate limit exceeded; ... (INST-C-026)
 *   INTERNAL          ""          the registry fails otherwise (IMG-027)
 *   NOT_FOUND         "platform"  resolve...: platform not available ... (INST-C-030)
 *   INVALID_STATE     "image"     image not ready: ... (INST-C-024, INST-C-025)
 *   INVALID_ARGUMENT  "image"     invalid request: running {arch} images requires an
 *                                 emulation-capable host; ... (INST-C-031)
 * A failed call leaves *resolved as it was. */
MUST_USE bool image_resolve(const struct world *world, struct text reference, struct text platform,
                            struct text *resolved, struct error *err);

/* Whether the image of an existing instance is still there to boot from (INST-ST-027, INST-RS-005,
 * INST-FK-035, SNAP-R-025, SNAP-F-020). What was stored for it stays usable in every other
 * condition.
 * reference  as the instance was created with
 * Fails      NOT_FOUND, field "image": instance image not found */
MUST_USE bool image_check_present(const struct world *world, struct text reference,
                                  struct error *err);

/* The images of a new world; for the world itself. To be forgotten by cow_map_fini. */
struct cow_map image_table_new(const struct mem *mem);

#endif
