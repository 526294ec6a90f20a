#include "mock/api/auth.h"

#include <errno.h>
#include <jwt.h>
#include <math.h>
#include <string.h>

#include "common/base/base64.h"
#include "common/base/buffer.h"
#include "common/env/env.h"

static bool refuse(struct error *err, const char *reason)
{
    return error_set(err, ERROR_UNAUTHENTICATED, "%s", reason);
}

static bool invalid(struct error *err)
{
    return refuse(err, "invalid token"); /* AUTH-013 */
}

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, "out of memory");
}

/* What follows the scheme. */
static bool find_token(struct text header, struct text *out, struct error *err)
{
    if (header.len == 0)
        return refuse(err, "authorization header required"); /* AUTH-011 */

    struct text token = header;
    const struct text scheme = text_split(&token, ' ');
    if (token.data == NULL || !text_equal_nocase(scheme, TEXT("bearer")))
        return refuse(err, "invalid authorization header format"); /* AUTH-012 */
    if (token.len == 0 || token.data[0] == ' ')
        return invalid(err); /* exactly one space (AUTH-020) */
    *out = token;
    return true;
}

/* ---- the parts of a JWT ---- */

struct jwt_parts {
    struct text header, claims, signature; /* still encoded */
};

/* Base64 without padding in its URL form and nothing else, which libjwt would read past. */
static bool is_base64url(struct text t)
{
    for (size_t i = 0; i < t.len; i++) {
        const char c = t.data[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_'))
            return false;
    }
    return true;
}

static bool split_token(struct text token, struct jwt_parts *out)
{
    out->header = text_split(&token, '.');
    out->claims = text_split(&token, '.');
    out->signature = token;
    return is_base64url(out->header) && is_base64url(out->claims) && out->signature.len > 0 &&
           is_base64url(out->signature);
}

/* The JSON object a part holds, read as bodies are: of repeated members the last counts. */
static bool decode_part(struct text part, struct arena *arena, struct body_value *out,
                        struct error *err)
{
    SCOPED(buffer) struct buffer bytes = buffer_capped(part.len);
    struct error why = { 0 };

    if (!base64_decode(&bytes, part))
        return bytes.failed ? no_memory(err) : invalid(err);
    const struct text json = { arena_copy(arena, buffer_text(&bytes)), bytes.len };
    if (json.data == NULL)
        return no_memory(err);
    if (strlen(json.data) != json.len)
        return invalid(err); /* libjwt would not look behind a NUL, nor would body_parse */
    if (!body_parse(json, arena, out, &why))
        return why.code == ERROR_NO_MEMORY ? no_memory(err) : invalid(err);
    return out->kind == BODY_OBJECT || invalid(err);
}

/* Asked before libjwt is: it knows other algorithms, and would take the secret for their key. */
static bool is_hmac(const struct body_value *header)
{
    static const char *const algorithms[] = { "HS256", "HS384", "HS512" }; /* AUTH-022 */
    const struct body_value *alg = body_find(header, "alg");

    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
        if (alg != NULL && alg->kind == BODY_STRING && text_equal_cstr(alg->text, algorithms[i]))
            return true;
    }
    return false;
}

static bool check_signature(struct text token, struct text secret, struct arena *arena,
                            struct error *err)
{
    const char *terminated = arena_copy(arena, token);
    jwt_t *jwt = NULL;

    if (terminated == NULL)
        return no_memory(err);
    const int failure =
        jwt_decode(&jwt, terminated, (const unsigned char *)secret.data, (int)secret.len);
    jwt_free(jwt);
    if (failure == 0)
        return true;
    return failure == ENOMEM ? no_memory(err) : invalid(err);
}

/* ---- the claims ---- */

enum date_rule { DATE_MUST_COME, DATE_MUST_HAVE_COME, DATE_IS_ANY };

static const struct {
    const char *name;
    enum date_rule rule;
} dates[] = {
    { "exp", DATE_MUST_COME }, /* AUTH-023 */
    { "nbf", DATE_MUST_HAVE_COME },
    { "iat", DATE_IS_ANY }, /* AUTH-024 */
};

static bool dates_hold(const struct body_value *claims, int64_t now_ns)
{
    const int64_t now_s = now_ns / NS_PER_SEC;

    for (size_t i = 0; i < ARRAY_LEN(dates); i++) {
        const struct body_value *claim = body_find(claims, dates[i].name);
        if (claim == NULL)
            continue;
        if (claim->kind != BODY_NUMBER)
            return false;
        const double seconds = body_number_estimate(claim->text);
        if (seconds == 0)
            continue; /* not set, for the server's library; and it counts whole seconds */
        const bool has_come = floor(seconds) <= (double)now_s;
        if (dates[i].rule == (has_come ? DATE_MUST_COME : DATE_MUST_HAVE_COME))
            return false;
    }
    return true;
}

/* Tokens the server makes for its registry and its builders, with the same key (AUTH-030). */
static bool is_for_something_else(const struct body_value *claims)
{
    static const char *const marks[] = { "repos", "scope", "build_id" };
    const struct body_value *sub = body_find(claims, "sub");

    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        if (body_find(claims, marks[i]) != NULL)
            return true;
    }
    return sub != NULL && sub->kind == BODY_STRING && text_starts_with(sub->text, TEXT("builder-"));
}

static bool check_jwt(struct text token, struct text secret, int64_t now_ns, struct arena *arena,
                      struct token *out, struct error *err)
{
    struct jwt_parts parts;
    struct body_value header, claims;

    if (!split_token(token, &parts))
        return invalid(err);
    if (!decode_part(parts.header, arena, &header, err) ||
        !decode_part(parts.claims, arena, &claims, err))
        return false;
    if (!is_hmac(&header))
        return invalid(err);
    if (!check_signature(token, secret, arena, err))
        return false;
    if (!dates_hold(&claims, now_ns))
        return invalid(err);
    if (is_for_something_else(&claims))
        return refuse(err, "invalid token type"); /* AUTH-014 */
    *out = (struct token){ .permissions = body_find(&claims, "permissions") };
    return true;
}

bool auth_check(const struct api_settings *settings, struct text header, int64_t now_ns,
                struct arena *arena, struct token *out, struct error *err)
{
    struct text text = { 0 };
    struct token token = { 0 };

    if (settings->auth != AUTH_OFF && !find_token(header, &text, err))
        return false;
    if (settings->auth == AUTH_JWT &&
        !check_jwt(text, settings->jwt_secret, now_ns, arena, &token, err))
        return false;
    *out = token;
    return true;
}

bool token_has_scope(const struct token *token, const char *scope)
{
    const struct body_value *permissions = token->permissions;

    if (permissions == NULL)
        return true; /* SCOPE-001 */
    if (permissions->kind != BODY_ARRAY)
        return false; /* SCOPE-003 */
    for (size_t i = 0; i < permissions->item_count; i++) {
        const struct body_value *item = &permissions->items[i];
        if (item->kind == BODY_STRING &&
            (text_equal_cstr(item->text, "*") || text_equal_cstr(item->text, scope)))
            return true; /* SCOPE-002, SCOPE-004 */
    }
    return false;
}
