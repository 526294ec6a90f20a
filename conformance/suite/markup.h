/* Text inside XML and HTML. For this folder's reporters. */
#ifndef TESTKIT_CONFORMANCE_SUITE_MARKUP_H
#define TESTKIT_CONFORMANCE_SUITE_MARKUP_H

#include "common/base/buffer.h"
#include "common/base/text.h"

/* Appends with & < > " ' written as entities. What XML 1.0 cannot hold (control characters, broken
 * UTF-8) becomes U+FFFD. */
void markup_append(struct buffer *out, struct text t);

#endif
