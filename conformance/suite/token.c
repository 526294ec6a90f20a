#include "conformance/suite/token.h"

#include <stdlib.h>
#include <string.h>

#include <jwt.h>

#include "common/env/env.h"
#include "common/json/go_duration.h"

static const struct {
    const char *name;
    jwt_alg_t alg;
} algorithms[] = {
    { "HS256", JWT_ALG_HS256 },
    { "HS384", JWT_ALG_HS384 },
    { "HS512", JWT_ALG_HS512 },
    { "none", JWT_ALG_NONE },
};

static size_t find_algorithm(const char *name)
{
    size_t i = 0;

    while (i < ARRAY_LEN(algorithms) && strcmp(name, algorithms[i].name) != 0)
        i++;
    return i;
}

/* {"$from_now": D}: true with *ns; other claims stand for themselves. */
static bool is_from_now(const json_t *claim, int64_t *ns)
{
    const json_t *duration = json_object_get(claim, "$from_now");
    const struct text t = { json_string_value(duration), json_string_length(duration) };
    struct error ignored = { 0 };

    return json_is_string(duration) && go_duration_parse(t, ns, &ignored);
}

bool token_check(const struct json_at *token, struct error *err)
{
    static const char *const keys[] = { "claims", "alg", "secret", NULL };
    struct json_at claims = { 0 };
    struct text alg = TEXT("HS256"), secret = { 0 };

    if (!json_allow_keys(token, keys, err) ||
        !json_get_object(token, "claims", true, &claims, err) ||
        !json_get_string(token, "alg", false, &alg, err) ||
        !json_get_string(token, "secret", false, &secret, err))
        return false;
    for (void *i = json_object_iter(claims.value); i != NULL;
         i = json_object_iter_next(claims.value, i)) {
        const struct json_at claim = { .value = json_object_iter_value(i),
                                       .parent = &claims,
                                       .key = json_object_iter_key(i) };
        int64_t ns;
        if (json_object_get(claim.value, "$from_now") != NULL && !is_from_now(claim.value, &ns))
            return json_complain(&claim, err, "must have a duration: {\"$from_now\": \"-1h\"}");
    }
    const struct json_at at = json_member(token, "alg");
    return find_algorithm(alg.data) < ARRAY_LEN(algorithms) ||
           json_complain(&at, err, "must be HS256, HS384, HS512 or none");
}

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, "out of memory");
}

/* The claims as the token carries them: one JSON object. */
static bool write_claims(const json_t *token, int64_t now_ns, struct buffer *out, struct error *err)
{
    json_t *claims = json_object_get(token, "claims");
    json_auto_t *told = json_copy(claims);

    for (void *i = json_object_iter(claims); i != NULL; i = json_object_iter_next(claims, i)) {
        int64_t ns;
        if (is_from_now(json_object_iter_value(i), &ns) &&
            json_object_set_new(told, json_object_iter_key(i),
                                json_integer((now_ns + ns) / NS_PER_SEC)) != 0)
            return no_memory(err);
    }
    if (told == NULL)
        return no_memory(err);
    json_document_append(out, told);
    return buffer_append_byte(out, '\0') || buffer_error(out, err);
}

static void jwt_scope_end(jwt_t **jwt)
{
    jwt_free(*jwt);
}

bool token_mint(const json_t *token, struct text secret, int64_t now_ns, struct arena *arena,
                const char **out, struct error *err)
{
    enum { CLAIMS_MAX = 64 * 1024 };
    SCOPED(buffer) struct buffer claims = buffer_capped(CLAIMS_MAX);
    SCOPED(jwt) jwt_t *jwt = NULL;
    const char *alg = json_string_value(json_object_get(token, "alg"));
    const char *own = json_string_value(json_object_get(token, "secret"));
    jwt_alg_t algorithm = algorithms[find_algorithm(alg == NULL ? "HS256" : alg)].alg;
    bool is_signed = algorithm != JWT_ALG_NONE;

    if (own != NULL)
        secret = text_of(own);
    if (!write_claims(token, now_ns, &claims, err))
        return false;
    if (jwt_new(&jwt) != 0 || jwt_add_grants_json(jwt, claims.data) != 0 ||
        jwt_set_alg(jwt, algorithm, is_signed ? (const unsigned char *)secret.data : NULL,
                    is_signed ? (int)secret.len : 0) != 0)
        return error_set(err, ERROR_INTERNAL, "libjwt refuses the claims %s", claims.data);
    char *encoded = jwt_encode_str(jwt);
    if (encoded == NULL)
        return no_memory(err);
    *out = arena_copy(arena, text_of(encoded));
    free(encoded);
    return *out != NULL || no_memory(err);
}

bool token_mint_for(const char *subject, struct text secret, struct arena *arena, const char **out,
                    struct error *err)
{
    json_auto_t *token = json_pack("{s:{s:s}}", "claims", "sub", subject);

    return token == NULL ? no_memory(err) : token_mint(token, secret, 0, arena, out, err);
}
