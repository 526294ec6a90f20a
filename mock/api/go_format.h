/* What Go's fmt makes of a text taken for a format without arguments (VALID-004): "%d" becomes
 * "%!d(MISSING)", "%%" becomes "%", a lone "%" at the end "%!(NOVERB)". Pure. */
#ifndef TESTKIT_MOCK_API_GO_FORMAT_H
#define TESTKIT_MOCK_API_GO_FORMAT_H

#include "common/base/buffer.h"
#include "common/base/text.h"

/* Appends; check out->failed. At most nine times as long as `format`, plus ten bytes. */
void go_format_nothing(struct text format, struct buffer *out);

#endif
