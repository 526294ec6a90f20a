/* What calls of both kinds do with an answer; shared by call.c and stream.c only. */
#ifndef TESTKIT_GATEWAY_PROXY_CALL_INTERNAL_H
#define TESTKIT_GATEWAY_PROXY_CALL_INTERNAL_H

#include "common/base/error.h"
#include "common/base/text.h"
#include "gateway/proxy/call.h"

/* Refuses a body of another type than `expected`, showing how it begins. Always false. */
bool proxy_refuse_type(const struct proxy_call *call, const char *expected, struct text body,
                       struct error *err);

/* Appends the message that is made of a body of 2xx, or of an item.
 * where  in the answer it stands: "", or "item 3: "
 * Fails  INTERNAL, RESOURCE_EXHAUSTED, NO_MEMORY, NOT_SUPPORTED  it cannot be translated */
MUST_USE bool proxy_translate(struct proxy_call *call, const char *where, struct text body,
                              struct buffer *out, struct error *err);

/* Writes call->status for an exchange that is over and brought no 2xx. False when it did. */
bool proxy_note_failure(struct proxy_call *call);
/* Writes call->returned. Once. */
void proxy_return_metadata(struct proxy_call *call);

#endif
