#include "mock/api/token_mint.h"

#include <jwt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "mock/api/scopes.h"

enum { PERMISSIONS_MAX = 4096 };

static bool check_subject(const char *subject, struct error *err)
{
    const struct text text = text_of(subject);

    if (!text_is_utf8(text))
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "subject", "must be UTF-8");
    return !text_starts_with(text, TEXT("builder-")) ||
           error_set_field(err, ERROR_INVALID_ARGUMENT, "subject",
                           "must not start with builder-: such tokens are for builders only");
}

static bool check_scope(struct text scope, struct error *err)
{
    char word[64];

    for (const char *const *name = scope_names; *name != NULL; name++) {
        if (text_equal_cstr(scope, *name))
            return true;
    }
    (void)snprintf(word, sizeof word, TEXT_FMT, TEXT_ARGS(scope));
    const char *near = text_nearest(word, scope_names);
    return error_set_field(err, ERROR_INVALID_ARGUMENT, "scopes",
                           "must be of the API's scopes, as instance:read, not \"" TEXT_FMT
                           "\"%s%s%s",
                           TEXT_ARGS(scope), near == NULL ? "" : "; did you mean ",
                           near == NULL ? "" : near, near == NULL ? "" : "?");
}

/* {"permissions":["instance:read"]}, NUL-terminated. What is known needs no escapes. */
static bool permissions_json(struct buffer *json, struct text scopes, struct error *err)
{
    const char *before = "{\"permissions\":[\"";

    while (scopes.data != NULL) {
        const struct text scope = text_split(&scopes, ',');
        if (!check_scope(scope, err))
            return false;
        buffer_append_cstr(json, before);
        buffer_append_text(json, scope);
        before = "\",\"";
    }
    buffer_append_cstr(json, "\"]}");
    return buffer_append_byte(json, '\0') || buffer_error(json, err);
}

static bool claim(jwt_t *jwt, const struct token_claims *claims, const char *permissions)
{
    return jwt_add_grant(jwt, "sub", claims->subject) == 0 &&
           jwt_add_grant_int(jwt, "iat", claims->issued_at_s) == 0 &&
           (claims->expires_at_s == 0 ||
            jwt_add_grant_int(jwt, "exp", claims->expires_at_s) == 0) &&
           (permissions == NULL || jwt_add_grants_json(jwt, permissions) == 0);
}

static char *sign(const struct token_claims *claims, const char *permissions, struct text secret)
{
    char *token = NULL;
    jwt_t *jwt = NULL;

    if (jwt_new(&jwt) == 0 && claim(jwt, claims, permissions) &&
        jwt_set_alg(jwt, JWT_ALG_HS256, (const unsigned char *)secret.data, (int)secret.len) == 0)
        token = jwt_encode_str(jwt);
    jwt_free(jwt);
    return token;
}

bool token_mint(struct buffer *out, const struct token_claims *claims, struct text secret,
                struct error *err)
{
    SCOPED(buffer) struct buffer permissions = buffer_capped(PERMISSIONS_MAX);

    if (!check_subject(claims->subject, err) ||
        (claims->scopes.len > 0 && !permissions_json(&permissions, claims->scopes, err)))
        return false;
    char *token = sign(claims, permissions.data, secret);
    if (token == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    const bool written = buffer_append_cstr(out, token);
    free(token);
    return written || buffer_error(out, err);
}
