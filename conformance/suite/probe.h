/* Asks a target what it can do before anything is played. */
#ifndef TESTKIT_CONFORMANCE_SUITE_PROBE_H
#define TESTKIT_CONFORMANCE_SUITE_PROBE_H

#include <stdbool.h>

#include "common/base/error.h"
#include "conformance/suite/capability.h"
#include "conformance/suite/transport.h"
#include "conformance/suite/truth.h"

/* Whether anything answers, within three seconds. */
bool probe_alive(const struct transport *transport, enum via via, struct error *why);

/* token  sent as a bearer token; NULL for none
 * out    what was found out; what only the caller knows is as it was
 * Fails  UNAVAILABLE        it does not answer
 *        UNAUTHENTICATED    it does not take the token */
MUST_USE bool probe_target(const struct transport *transport, const char *token,
                           struct capabilities *out, struct error *err);

#endif
