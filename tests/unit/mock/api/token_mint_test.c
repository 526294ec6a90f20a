/* Minted tokens, judged by what judges every token. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/env/env.h"
#include "mock/api/auth.h"
#include "mock/api/route.h"
#include "mock/api/scopes.h"
#include "mock/api/token_mint.h"

#define SECRET "test-secret"

enum { MAX_BYTES = 1 << 20, NOW_S = 1767225600 };

static const struct api_settings jwt = { .auth = AUTH_JWT, .jwt_secret = { SECRET, 11 } };

/* At NOW_S; NULL when it is accepted. *out lives in the arena. */
static const char *refusal_of(const struct token_claims *claims, struct arena *arena,
                              struct token *out)
{
    static struct error err;
    SCOPED(buffer) struct buffer header = buffer_capped(MAX_BYTES);

    err = (struct error){ 0 };
    buffer_append_cstr(&header, "Bearer ");
    assert_true(token_mint(&header, claims, jwt.jwt_secret, &err));
    return auth_check(&jwt, buffer_text(&header), NOW_S * NS_PER_SEC, arena, out, &err)
               ? NULL
               : err.message;
}

static void a_token_lasts_as_long_as_it_says(void **state)
{
    static const struct {
        int64_t expires_at_s;
        const char *refusal;
    } rows[] = {
        { 0, NULL }, /* AUTH-023 */
        { NOW_S + 1, NULL },
        { NOW_S + 86400, NULL },
        { NOW_S, "invalid token" }, /* AUTH-013 */
        { NOW_S - 3600, "invalid token" },
        { -1, "invalid token" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(arena) struct arena arena = arena_capped(MAX_BYTES);
        const struct token_claims claims = { "ada", NOW_S, rows[i].expires_at_s, { 0 } };
        struct token token;
        const char *refusal = refusal_of(&claims, &arena, &token);
        if (rows[i].refusal == NULL)
            assert_null(refusal);
        else
            assert_string_equal(refusal, rows[i].refusal);
    }
}

static void a_token_allows_its_scopes_and_nothing_else(void **state)
{
    (void)state;

    for (const char *const *given = scope_names; *given != NULL; given++) {
        for (const char *const *asked = scope_names; *asked != NULL; asked++) {
            SCOPED(arena) struct arena arena = arena_capped(MAX_BYTES);
            char list[64];
            struct token token;
            (void)snprintf(list, sizeof list, "device:read,%s", *given);
            const struct token_claims claims = { "ada", NOW_S, 0, text_of(list) };
            assert_null(refusal_of(&claims, &arena, &token));
            const bool allowed = strcmp(*given, "*") == 0 || strcmp(*given, *asked) == 0 ||
                                 strcmp(*asked, "device:read") == 0;
            assert_int_equal(token_has_scope(&token, *asked), allowed);
        }
    }
}

static void a_token_without_scopes_allows_everything(void **state)
{
    SCOPED(arena) struct arena arena = arena_capped(MAX_BYTES);
    const struct token_claims claims = { "\xc3\xa4 \"quoted\" \\", NOW_S, 0, { 0 } };
    struct token token;
    (void)state;

    assert_null(refusal_of(&claims, &arena, &token));
    assert_null(token.permissions); /* SCOPE-001 */
}

static void the_known_scopes_are_those_that_operations_need(void **state)
{
    (void)state;

    for (const struct route *route = routes; route->path != NULL; route++) {
        const char *const *name = scope_names;
        while (*name != NULL && (route->scope == NULL || strcmp(*name, route->scope) != 0))
            name++;
        if (route->scope != NULL && *name == NULL)
            fail_msg("%s is not in scope_names (SCOPE-007)", route->scope);
    }
}

static void mistakes_name_the_claim_and_the_nearest_scope(void **state)
{
    static const struct {
        const char *subject, *scopes, *field, *message;
    } rows[] = {
        { "builder-7", "", "subject",
          "must not start with builder-: such tokens are for builders only" }, /* AUTH-030 */
        { "\xff", "", "subject", "must be UTF-8" },
        { "ada", "instance:raed", "scopes",
          "must be of the API's scopes, as instance:read, not \"instance:raed\"; did you mean "
          "instance:read?" },
        { "ada", "instance:read,snapshots:read", "scopes",
          "must be of the API's scopes, as instance:read, not \"snapshots:read\"; did you mean "
          "snapshot:read?" },
        { "ada", "volume:*", "scopes", /* SCOPE-004 */
          "must be of the API's scopes, as instance:read, not \"volume:*\"" },
        { "ada", "everything", "scopes",
          "must be of the API's scopes, as instance:read, not \"everything\"" },
        { "ada", "instance:read,", "scopes",
          "must be of the API's scopes, as instance:read, not \"\"" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(buffer) struct buffer out = buffer_capped(MAX_BYTES);
        const struct token_claims claims = { rows[i].subject, NOW_S, 0, text_of(rows[i].scopes) };
        struct error err = { 0 };
        assert_false(token_mint(&out, &claims, jwt.jwt_secret, &err));
        assert_int_equal(err.code, ERROR_INVALID_ARGUMENT);
        assert_string_equal(err.field, rows[i].field);
        assert_string_equal(err.message, rows[i].message);
        assert_int_equal(out.len, 0);
    }
}

static void a_buffer_too_small_is_told(void **state)
{
    SCOPED(buffer) struct buffer out = buffer_capped(16);
    const struct token_claims claims = { "ada", NOW_S, 0, { 0 } };
    struct error err = { 0 };
    (void)state;

    assert_false(token_mint(&out, &claims, jwt.jwt_secret, &err));
    assert_int_equal(err.code, ERROR_RESOURCE_EXHAUSTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_lasts_as_long_as_it_says),
        cmocka_unit_test(a_token_allows_its_scopes_and_nothing_else),
        cmocka_unit_test(a_token_without_scopes_allows_everything),
        cmocka_unit_test(the_known_scopes_are_those_that_operations_need),
        cmocka_unit_test(mistakes_name_the_claim_and_the_nearest_scope),
        cmocka_unit_test(a_buffer_too_small_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
