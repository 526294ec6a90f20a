/* Tokens made for a step: JWTs with claims of the case's choice, signed as a server with that
 * secret wants it, or in a way that it must refuse. */
#ifndef TESTKIT_CONFORMANCE_SUITE_TOKEN_H
#define TESTKIT_CONFORMANCE_SUITE_TOKEN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "common/json/json_document.h"

/* Judges {"claims": {..}, "alg": "HS256|HS384|HS512|none", "secret": "another"}. A claim of the
 * form
 * {"$from_now": "-1h"} is that moment in seconds since 1970.
 * Fails  INVALID_ARGUMENT */
MUST_USE bool token_check(const struct json_at *token, struct error *err);

/* token   as checked, its placeholders filled in
 * secret  of the server; used unless the token says another
 * out     in the arena
 * Fails   NO_MEMORY, INTERNAL (libjwt refuses) */
MUST_USE bool token_mint(const json_t *token, struct text secret, int64_t now_ns,
                         struct arena *arena, const char **out, struct error *err);

/* One that allows everything: a subject, no permissions (SCOPE-001), no end. Fails likewise. */
MUST_USE bool token_mint_for(const char *subject, struct text secret, struct arena *arena,
                             const char **out, struct error *err);

#endif
