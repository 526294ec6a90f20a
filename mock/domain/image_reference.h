/* Names of images: read as the registry clients do, and written out in full (IMG-001). Pure. */
#ifndef TESTKIT_MOCK_DOMAIN_IMAGE_REFERENCE_H
#define TESTKIT_MOCK_DOMAIN_IMAGE_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"

/* In bytes. */
enum {
    IMAGE_HOST_MAX = 255,       /* ours: no name in the DNS is longer, so no registry has one  */
    IMAGE_PATH_MAX = 255,       /* IMG-005; "library/" counts                                  */
    IMAGE_TAG_MAX = 128,        /* IMG-002                                                     */
    IMAGE_DIGEST_MAX = 7 + 128, /* "sha512:" and its hexadecimal digits                        */
    IMAGE_NAME_MAX = IMAGE_HOST_MAX + IMAGE_PATH_MAX + IMAGE_TAG_MAX + IMAGE_DIGEST_MAX + 3,
};

/* A legal reference in its parts; borrowed from the text it was read from, or static. The host is
 * empty only for a path like a_b.c/d, whose first part looks like a host and is none. */
struct image_reference {
    struct text host;    /* "docker.io" when none was given; keeps its case             */
    struct text library; /* "library/", or empty: stands in front of the path           */
    struct text path;    /* "alpine", "team/app"                                        */
    struct text tag;     /* "latest" when neither tag nor digest was given; may be empty */
    struct text digest;  /* "sha256:..."; may be empty. Decides, whatever the tag       */
};

/* Written out; NUL-terminated. */
struct image_name {
    char text[IMAGE_NAME_MAX + 1];
    size_t len;
};

/* Reads a reference of any length.
 * Fails    INVALID_ARGUMENT
 *   invalid reference format                                            IMG-002
 *   invalid reference format: repository name ({path}) must be lowercase   IMG-003
 *   invalid repository name ({given}), cannot specify 64-byte hexadecimal strings   IMG-004
 *   repository name must not be more than 255 characters                IMG-005
 *   invalid checksum digest format, invalid checksum digest length, unsupported digest algorithm
 * A failed call leaves *out as it was. */
MUST_USE bool image_reference_parse(struct text given, struct image_reference *out,
                                    struct error *err);

/* "docker.io/library/alpine" */
struct image_name image_reference_repository(const struct image_reference *reference);
/* "docker.io/library/alpine:latest": parsed again, it gives the same parts. */
struct image_name image_reference_name(const struct image_reference *reference);
/* What in the repository is meant: the digest, or else the tag. Borrowed as the parts are. */
struct text image_reference_version(const struct image_reference *reference);

#endif
