#include "tests/unit/common/check.h"

#include <jwt.h>
#include <stdlib.h>
#include <string.h>

#include "common/env/env.h"
#include "conformance/suite/token.h"

/* 2026-01-01T00:00:00Z */
#define NOW_S INT64_C(1767225600)

static const char *mint(struct arena *arena, const char *wish)
{
    json_auto_t *token = NULL;
    const char *out = NULL;
    struct error err = { 0 };

    assert_true(json_document_load(text_of(wish), false, &token, &err));
    const struct json_at at = json_root(token);
    if (!token_check(&at, &err) ||
        !token_mint(token, TEXT("key"), NOW_S * NS_PER_SEC, arena, &out, &err))
        fail_msg("%s: %s", wish, err.message);
    return out;
}

/* libjwt is asked whether a server with that secret would take it. */
static void a_token_is_signed_as_it_is_wished(void **state)
{
    (void)state;
    static const struct {
        const char *wish;
        const char *secret;
        jwt_alg_t alg;
        bool valid;
    } rows[] = {
        { "{\"claims\":{}}", "key", JWT_ALG_HS256, true }, /* AUTH-022 */
        { "{\"claims\":{}}", "other", JWT_ALG_HS256, false },
        { "{\"claims\":{},\"alg\":\"HS384\"}", "key", JWT_ALG_HS384, true },
        { "{\"claims\":{},\"alg\":\"HS512\"}", "key", JWT_ALG_HS512, true },
        { "{\"claims\":{},\"secret\":\"other\"}", "key", JWT_ALG_HS256, false },
        { "{\"claims\":{},\"secret\":\"other\"}", "other", JWT_ALG_HS256, true },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(arena) struct arena arena = arena_capped(1 << 16);
        jwt_t *jwt = NULL;
        int refused =
            jwt_decode(&jwt, mint(&arena, rows[i].wish), (const unsigned char *)rows[i].secret,
                       (int)strlen(rows[i].secret));
        assert_int_equal(refused == 0, rows[i].valid);
        if (refused == 0)
            assert_int_equal(jwt_get_alg(jwt), rows[i].alg);
        jwt_free(jwt);
    }
}

static void claims_are_carried_as_they_are_and_moments_are_counted_from_now(void **state)
{
    (void)state;
    SCOPED(arena) struct arena arena = arena_capped(1 << 16);
    jwt_t *jwt = NULL;
    const char *token = mint(&arena, "{\"claims\":{\"permissions\":[\"a\",5],\"sub\":7,"
                                     "\"exp\":{\"$from_now\":\"-1h\"},\"nbf\":null}}");
    assert_int_equal(jwt_decode(&jwt, token, (const unsigned char *)"key", 3), 0);
    char *claims = jwt_get_grants_json(jwt, NULL);
    json_auto_t *got = json_loads(claims, 0, NULL);
    json_auto_t *wanted = json_pack("{s:[s,i], s:i, s:I, s:n}", "permissions", "a", 5, "sub", 7,
                                    "exp", (json_int_t)(NOW_S - 3600), "nbf");
    assert_true(json_equal(got, wanted));
    free(claims);
    jwt_free(jwt);
}

static void a_token_without_a_signature_ends_with_its_dot(void **state)
{
    (void)state;
    SCOPED(arena) struct arena arena = arena_capped(1 << 16);
    const char *token = mint(&arena, "{\"claims\":{},\"alg\":\"none\"}");

    assert_int_equal(token[strlen(token) - 1], '.');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_signed_as_it_is_wished),
        cmocka_unit_test(claims_are_carried_as_they_are_and_moments_are_counted_from_now),
        cmocka_unit_test(a_token_without_a_signature_ends_with_its_dot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
