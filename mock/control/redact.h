/* Secrets are taken out of requests before anything of them is kept.
 *
 * A secret is what has a name like "token", "secret" or "password", every value of an "env", and
 * what is injected as a credential. In its place stands REDACTED. */
#ifndef TESTKIT_MOCK_CONTROL_REDACT_H
#define TESTKIT_MOCK_CONTROL_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/buffer.h"
#include "common/base/text.h"

#define REDACTED "[redacted]"

/* Whether what has this name, of whatever kind, is a secret. */
bool redact_is_secret(struct text name);

/* Appends the document without its secrets, in compact form. False: not all of it, because it is
 * no JSON from there on, does not fit `out`, or memory lacks; what is there stays.
 * arena  for keys and strings with escapes */
bool redact_json(struct text body, struct arena *arena, struct buffer *out);
/* Appends a raw query without its secrets. False: it does not fit. */
bool redact_query(struct text query, struct buffer *out);
/* Appends "Bearer " and REDACTED: the scheme may be seen. False: it does not fit. */
bool redact_authorization(struct text value, struct buffer *out);

#endif
