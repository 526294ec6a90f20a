/* auth_header: any Authorization header gets a verdict with a reason the contract knows; nothing is
 * accepted under two secrets, nor as a JWT what is not even a bearer token.
 *
 * An input is a header's value. After 'c' come claims and after 'j' a JOSE header, which are signed
 * here, as nobody guesses a signature. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "mock/api/auth.h"
#include "tests/support/jwt_mint.h"

enum { HEADER_MAX = 4 << 20 };

static const struct api_settings any = { .auth = AUTH_ANY };
static const struct api_settings ours = { .auth = AUTH_JWT, .jwt_secret = { "ours", 4 } };
static const struct api_settings theirs = { .auth = AUTH_JWT, .jwt_secret = { "theirs", 6 } };

static bool is_known_reason(const char *message)
{
    static const char *const reasons[] = { "authorization header required",       /* AUTH-011 */
                                           "invalid authorization header format", /* AUTH-012 */
                                           "invalid token",                       /* AUTH-013 */
                                           "invalid token type" };                /* AUTH-014 */

    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        if (strcmp(message, reasons[i]) == 0)
            return true;
    }
    return false;
}

static bool is_accepted(const struct api_settings *settings, struct text header)
{
    SCOPED(arena) struct arena arena = arena_capped(64U << 20);
    struct token token = { 0 };
    struct error err = { 0 };

    if (!auth_check(settings, header, INT64_C(1767225600000000000), &arena, &token, &err)) {
        ALWAYS(err.code == ERROR_UNAUTHENTICATED && is_known_reason(err.message));
        return false;
    }
    ALWAYS(token_has_scope(&token, "image:read") || token.permissions != NULL);
    return true;
}

static void make_header(struct buffer *out, struct text input)
{
    struct text header = TEXT("{\"alg\":\"HS256\"}");
    struct text claims = TEXT("{}");
    const char form = input.len == 0 ? 'h' : input.data[0];

    if (form != 'c' && form != 'j') {
        buffer_append_text(out, input);
        return;
    }
    *(form == 'c' ? &claims : &header) = (struct text){ input.data + 1, input.len - 1 };
    buffer_append_cstr(out, "Bearer ");
    jwt_mint(out, "SHA256", ours.jwt_secret, header, claims);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SCOPED(buffer) struct buffer bytes = buffer_capped(HEADER_MAX);

    make_header(&bytes, (struct text){ (const char *)data, size });
    const struct text header = buffer_text(&bytes);
    const bool accepted = is_accepted(&ours, header);
    ALWAYS(is_accepted(&ours, header) == accepted);
    ALWAYS(!accepted || is_accepted(&any, header));
    ALWAYS(!accepted || !is_accepted(&theirs, header));
    return 0;
}
