/* Makes tokens that AUTH_JWT accepts, as the real server's own tool does (AUTH-026). */
#ifndef TESTKIT_MOCK_API_TOKEN_MINT_H
#define TESTKIT_MOCK_API_TOKEN_MINT_H

#include <stdint.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/text.h"

struct token_claims {
    const char *subject;
    int64_t issued_at_s;  /* UTC, since 1970                                              */
    int64_t expires_at_s; /* likewise; 0: never (AUTH-023)                               */
    /* Comma-separated, each of scope_names. Empty: no permissions are named, which allows
     * everything (SCOPE-001). */
    struct text scopes;
};

/* Appends the token, signed as HS256.
 * secret  at least a byte
 * Fails   INVALID_ARGUMENT  field "subject": not UTF-8, or such as the server refuses (AUTH-030);
 *                           field "scopes": one that does not exist, and the nearest that does
 *         RESOURCE_EXHAUSTED, NO_MEMORY */
MUST_USE bool token_mint(struct buffer *out, const struct token_claims *claims, struct text secret,
                         struct error *err);

#endif
