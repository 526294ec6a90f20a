/* Server reflection: questions about a catalog and their answers, as bytes of
 * grpc.reflection.v1.ServerReflectionRequest and ...Response (v1alpha has the same bytes). */
#ifndef TESTKIT_GATEWAY_SERVICES_REFLECTION_H
#define TESTKIT_GATEWAY_SERVICES_REFLECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "gateway/services/catalog.h"

/* One stream's memory: the files it has brought, which do not come a second time as imports of
 * others. Not thread-safe. */
struct reflection_session {
    const struct catalog *catalog; /* borrowed, outlives the session */
    bool *was_sent;                /* one per file of the catalog    */
    size_t *waiting;               /* room for each of them, while an answer is written */
};

/* Fails  NO_MEMORY */
MUST_USE bool reflection_session_init(struct reflection_session *session,
                                      const struct catalog *catalog, struct error *err);
void reflection_session_fini(struct reflection_session *session);

/* Clients take messages of 4 MiB unless told otherwise, so imports that would make an answer
 * larger than this are left for the client to ask for by name. */
enum { REFLECTION_REPLY_BYTES = 3 << 20, REFLECTION_QUESTION_BYTES = 16 << 10 };

/* Appends the answer to one question to *reply. What is not found is an answer too.
 * Fails  INVALID_ARGUMENT    the question is no ServerReflectionRequest, or larger than
 *                            REFLECTION_QUESTION_BYTES
 *        RESOURCE_EXHAUSTED  the answer exceeds the buffer's ceiling
 *        NO_MEMORY */
MUST_USE bool reflection_answer(struct reflection_session *session, struct text question,
                                struct buffer *reply, struct error *err);

#endif
