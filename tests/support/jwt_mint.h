/* Makes JSON Web Tokens by hand, byte for byte, so that they can be wrong in any way. Signs with
 * libcrypto: not with the library that judges them. */
#ifndef TESTKIT_TESTS_SUPPORT_JWT_MINT_H
#define TESTKIT_TESTS_SUPPORT_JWT_MINT_H

#include "common/base/buffer.h"
#include "common/base/text.h"

/* Appends HEADER.CLAIMS.SIGNATURE.
 * digest  of the HMAC: "SHA256" and so on; NULL leaves the signature empty
 * header, claims  as they stand before encoding; any bytes */
void jwt_mint(struct buffer *out, const char *digest, struct text key, struct text header,
              struct text claims);

/* "Bearer TOKEN", signed as HS256, NUL-terminated. */
void jwt_mint_bearer(struct buffer *out, const char *key, const char *claims);

#endif
