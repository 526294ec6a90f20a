/* The files of --tls-cert, --tls-key and --tls-client-ca. */
#ifndef TESTKIT_GATEWAY_CERTIFICATES_H
#define TESTKIT_GATEWAY_CERTIFICATES_H

#include "common/base/error.h"
#include "common/program/options.h"
#include "gateway/rpc/tls.h"

/* Whether the flags go together.
 * Fails  INVALID_ARGUMENT  one lacks another; the message names both */
MUST_USE bool certificates_check_flags(const struct options *o, struct error *err);

/* Reads the files of flags that go together.
 * identity  NULL at first, and afterwards without --tls-cert: plain text. Later the one to change.
 *           Owned: tls_identity_free()
 * Fails     the message names flag and file; what was in force stays in force */
MUST_USE bool certificates_load(const struct options *o, struct tls_identity **identity,
                                struct error *err);

#endif
