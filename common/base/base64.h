/* Base64 (RFC 4648): standard alphabet out, both alphabets in. */
#ifndef TESTKIT_COMMON_BASE_BASE64_H
#define TESTKIT_COMMON_BASE_BASE64_H

#include <stdbool.h>

#include "common/base/buffer.h"
#include "common/base/text.h"

/* Appends with padding. Returns !out->failed. */
bool base64_encode(struct buffer *out, struct text bytes);

/* Appends the bytes. Padding is optional; no blanks. False when `t` is not base64 or does not fit;
 * *out may then have grown. */
MUST_USE bool base64_decode(struct buffer *out, struct text t);

#endif
