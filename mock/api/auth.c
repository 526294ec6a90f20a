#include "mock/api/auth.h"

const char *auth_any_refusal(struct text header)
{
    if (header.len == 0)
        return "authorization header required"; /* AUTH-011 */

    struct text token = header;
    const struct text scheme = text_split(&token, ' ');
    if (token.data == NULL || !text_equal_nocase(scheme, TEXT("bearer")))
        return "invalid authorization header format"; /* AUTH-012 */
    if (token.len == 0 || token.data[0] == ' ')
        return "invalid token"; /* exactly one space (AUTH-020) */
    return NULL;
}
