/* Files joined into one text: how the program carries its cases, fragments, schema and rules with
 * it, and how a folder of cases is handed to the pure core.
 *
 *     file cases/health/answers.json 312
 *     ... 312 bytes ...
 *     file fragments/running-instance.json 240
 *     ... */
#ifndef TESTKIT_CONFORMANCE_SUITE_BUNDLE_H
#define TESTKIT_CONFORMANCE_SUITE_BUNDLE_H

#include <stdbool.h>

#include "common/base/buffer.h"
#include "common/base/text.h"

struct bundle_file {
    struct text path; /* borrowed from the bundle, as are the bytes */
    struct text bytes;
};

/* Appends a file. Returns !out->failed. */
bool bundle_append(struct buffer *out, struct text path, struct text bytes);

/* Takes the first file off *rest. False at the end. A bundle is our own making, so a malformed one
 * is a bug and asserted. */
bool bundle_next(struct text *rest, struct bundle_file *out);

/* The file of that path; false when there is none. */
bool bundle_find(struct text bundle, const char *path, struct bundle_file *out);

/* If the path is FOLDER/NAME.SUFFIX: true and *name is NAME, which may hold further slashes. */
bool bundle_name(struct text path, const char *folder, const char *suffix, struct text *name);

#endif
