/* Who may do what: the Authorization header and the token in it (common.md section 3).
 *
 * Pure. Everything a client can send is refused or accepted in time and memory proportional to the
 * header, which the edge has bounded. */
#ifndef TESTKIT_MOCK_API_AUTH_H
#define TESTKIT_MOCK_API_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "mock/api/api.h"
#include "mock/api/body.h"

/* What a request's token allows. All zero: everything, as where no token is asked for. */
struct token {
    const struct body_value *permissions; /* the claim, of whatever type; NULL: none was made */
};

/* Judges an Authorization header as settings->auth says.
 * header  its value, data NULL when absent; borrowed for the call
 * now_ns  UTC, since 1970: what exp and nbf are held against
 * out     in the arena; all zero but for AUTH_JWT
 * Fails   UNAUTHENTICATED  the message is the reason of the 401 (AUTH-011 to AUTH-014)
 *         NO_MEMORY        also the arena's ceiling
 *
 * AUTH_JWT refuses a little more than the real server, as libjwt does: a "typ" other than JWT, and
 * claims with \u0000, broken UTF-8 or whole numbers beyond 64 bits, or nested deeper than
 * JSON_MAX_DEPTH. */
MUST_USE bool auth_check(const struct api_settings *settings, struct text header, int64_t now_ns,
                         struct arena *arena, struct token *out, struct error *err);

/* Whether the token allows operations that need this scope (SCOPE-001 to SCOPE-004). */
bool token_has_scope(const struct token *token, const char *scope);

#endif
