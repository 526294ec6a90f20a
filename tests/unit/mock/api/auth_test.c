/* Tokens, good and hostile: common.md section 3. What becomes of the verdict in the pipeline is in
 * pipeline_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/base64.h"
#include "common/env/env.h"
#include "common/json/json_reader.h"
#include "mock/api/auth.h"
#include "tests/support/jwt_mint.h"
#include "tests/unit/common/alloc_fail.h"

#define SECRET  "test-secret"
#define HS256   "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define INVALID "invalid token"
#define TYPE    "invalid token type"

enum { MAX_BYTES = 1 << 20, NOW_S = 1767225600 };

static const struct api_settings jwt = { .auth = AUTH_JWT, .jwt_secret = { SECRET, 11 } };

/* NULL when the header is accepted, else the reason. */
static const char *refusal_at(const struct api_settings *settings, struct text header,
                              int64_t now_ns)
{
    static struct error err;
    SCOPED(arena) struct arena arena = arena_capped(MAX_BYTES);
    struct token token;

    err = (struct error){ 0 };
    if (auth_check(settings, header, now_ns, &arena, &token, &err))
        return NULL;
    assert_int_equal(err.code, ERROR_UNAUTHENTICATED);
    return err.message;
}

static void expect(const char *what, const char *reason, const char *expected)
{
    if (expected == NULL ? reason != NULL : reason == NULL || strcmp(reason, expected) != 0)
        fail_msg("%s: %s, not %s", what, reason == NULL ? "accepted" : reason,
                 expected == NULL ? "accepted" : expected);
}

/* "Bearer TOKEN"; owned by the caller. */
static struct buffer bearer(const char *digest, const char *key, struct text header,
                            struct text claims)
{
    struct buffer out = buffer_capped(MAX_BYTES);

    buffer_append_cstr(&out, "Bearer ");
    jwt_mint(&out, digest, text_of(key), header, claims);
    return out;
}

static const char *refusal_of(const char *digest, const char *key, struct text header,
                              struct text claims)
{
    SCOPED(buffer) struct buffer sent = bearer(digest, key, header, claims);
    return refusal_at(&jwt, buffer_text(&sent), NOW_S * NS_PER_SEC);
}

static const char *refusal_of_claims(struct text claims)
{
    return refusal_of("SHA256", SECRET, TEXT(HS256), claims);
}

static void each_fault_of_the_header_has_its_reason(void **state)
{
    static const struct {
        const char *header;
        const char *any; /* reason with --auth any, NULL: accepted */
        const char *jwt; /* reason with --auth jwt                 */
    } cases[] = {
        /* AUTH-011, SNAP-X-001 */
        { NULL, "authorization header required", "authorization header required" },
        { "", "authorization header required", "authorization header required" },
        /* AUTH-012, SNAP-X-002 */
        { "Bearer", "invalid authorization header format", "invalid authorization header format" },
        { "token", "invalid authorization header format", "invalid authorization header format" },
        { "Basic dTpw", "invalid authorization header format",
          "invalid authorization header format" },
        { "Bearer\tx", "invalid authorization header format",
          "invalid authorization header format" },
        { " Bearer x", "invalid authorization header format",
          "invalid authorization header format" },
        /* AUTH-013, AUTH-020, SNAP-X-003 */
        { "Bearer  two", INVALID, INVALID },
        { "Bearer ", INVALID, INVALID },
        { "Bearer My API Key", NULL, INVALID },
        { "bEARER x", NULL, INVALID },
        { "Bearer .", NULL, INVALID },
        { "Bearer ..", NULL, INVALID },
        { "Bearer ...", NULL, INVALID },
        { "Bearer a.b.c", NULL, INVALID },
        { "Bearer e30.e30.", NULL, INVALID },
    };
    const struct api_settings any = { .auth = AUTH_ANY };
    const struct api_settings off = { .auth = AUTH_OFF };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *what = cases[i].header == NULL ? "no header" : cases[i].header;
        const struct text header = text_of(cases[i].header);
        expect(what, refusal_at(&any, header, 0), cases[i].any);
        expect(what, refusal_at(&jwt, header, 0), cases[i].jwt);
        expect(what, refusal_at(&off, header, 0), NULL);
    }
}

static void the_scheme_is_read_without_case(void **state) /* AUTH-020 */
{
    SCOPED(buffer) struct buffer sent = bearer("SHA256", SECRET, TEXT(HS256), TEXT("{}"));
    (void)state;

    expect("Bearer", refusal_at(&jwt, buffer_text(&sent), 0), NULL);
    memcpy(sent.data, "bEARER", 6);
    expect("bEARER", refusal_at(&jwt, buffer_text(&sent), 0), NULL);
    memcpy(sent.data, "Barrel", 6);
    expect("Barrel", refusal_at(&jwt, buffer_text(&sent), 0),
           "invalid authorization header format");
}

static void only_the_three_hmac_algorithms_are_accepted(void **state) /* AUTH-022 */
{
    static const struct {
        const char *header;
        const char *digest;
        const char *reason;
    } cases[] = {
        { "{\"alg\":\"HS256\",\"typ\":\"JWT\"}", "SHA256", NULL },
        { "{\"alg\":\"HS384\",\"typ\":\"JWT\"}", "SHA384", NULL },
        { "{\"alg\":\"HS512\",\"typ\":\"JWT\"}", "SHA512", NULL },
        { "{\"alg\":\"HS256\"}", "SHA256", NULL },
        { "{\"kid\":\"x\",\"alg\":\"HS256\",\"jku\":\"http://127.0.0.1/\"}", "SHA256", NULL },
        /* signed, but not as it says */
        { "{\"alg\":\"HS256\"}", "SHA512", INVALID },
        { "{\"alg\":\"HS512\"}", "SHA256", INVALID },
        { "{\"alg\":\"HS256\"}", NULL, INVALID },
        /* other spellings, other types, none at all */
        { "{\"alg\":\"hs256\"}", "SHA256", INVALID },
        { "{\"alg\":\"HS256 \"}", "SHA256", INVALID },
        { "{\"alg\":\"HS256\\u0000\"}", "SHA256", INVALID },
        { "{\"alg\":\"HS1\"}", "SHA1", INVALID },
        { "{\"alg\":[\"HS256\"]}", "SHA256", INVALID },
        { "{\"alg\":null}", "SHA256", INVALID },
        { "{\"Alg\":\"HS256\"}", "SHA256", INVALID },
        { "{}", "SHA256", INVALID },
        { "\"HS256\"", "SHA256", INVALID },
        /* unsigned */
        { "{\"alg\":\"none\"}", NULL, INVALID },
        { "{\"alg\":\"none\"}", "SHA256", INVALID },
        { "{\"alg\":\"None\"}", NULL, INVALID },
        { "{\"alg\":\"\"}", NULL, INVALID },
        /* the algorithm takes the secret for something else */
        { "{\"alg\":\"RS256\"}", "SHA256", INVALID },
        { "{\"alg\":\"RS512\"}", "SHA512", INVALID },
        { "{\"alg\":\"ES256\"}", "SHA256", INVALID },
        { "{\"alg\":\"PS256\"}", "SHA256", INVALID },
        { "{\"alg\":\"EdDSA\"}", "SHA256", INVALID },
        /* the last of two counts */
        { "{\"alg\":\"none\",\"alg\":\"HS256\"}", "SHA256", NULL },
        { "{\"alg\":\"HS256\",\"alg\":\"none\"}", "SHA256", INVALID },
        { "{\"alg\":\"HS256\",\"alg\":\"RS256\"}", "SHA256", INVALID },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect(cases[i].header,
               refusal_of(cases[i].digest, SECRET, text_of(cases[i].header), TEXT("{}")),
               cases[i].reason);
}

/* RFC 7515, appendix A.1: made by nobody here. It expired in 2011. */
static void the_example_of_the_rfc_is_accepted_until_its_last_second(void **state)
{
    static const char key[] = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4h"
                              "cgUuTwjAzZr1Z9CAow";
    static const char header[] =
        "Bearer eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cn"
        "VlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const int64_t exp_ns = 1300819380 * NS_PER_SEC;
    SCOPED(buffer) struct buffer secret = buffer_capped(64);
    (void)state;

    assert_true(base64_decode(&secret, text_of(key)));
    const struct api_settings settings = { .auth = AUTH_JWT, .jwt_secret = buffer_text(&secret) };
    expect("before", refusal_at(&settings, text_of(header), exp_ns - 1), NULL);
    expect("after", refusal_at(&settings, text_of(header), exp_ns), INVALID); /* AUTH-023 */
    expect("other key", refusal_at(&jwt, text_of(header), 0), INVALID);       /* AUTH-013 */
}

static void another_key_or_a_changed_byte_is_noticed(void **state) /* AUTH-013, SNAP-X-003 */
{
    static const char *const keys[] = { "test-secre", "test-secret\n", "Test-secret", "", "x" };
    SCOPED(buffer) struct buffer sent = bearer("SHA256", SECRET, TEXT(HS256), TEXT("{\"a\":1}"));
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        expect(keys[i], refusal_of("SHA256", keys[i], TEXT(HS256), TEXT("{}")), INVALID);
    expect("whole", refusal_at(&jwt, buffer_text(&sent), 0), NULL);
    for (size_t i = strlen("Bearer "); i < sent.len; i++) {
        const char kept = sent.data[i];
        sent.data[i] = kept == 'A' ? 'B' : 'A';
        expect("one byte changed", refusal_at(&jwt, buffer_text(&sent), 0), INVALID);
        sent.data[i] = kept;
        const struct text cut = { sent.data, i };
        expect("cut", refusal_at(&jwt, cut, 0), INVALID);
    }
}

static void the_key_is_the_secrets_bytes(void **state) /* AUTH-022 */
{
    static const char pem[] = "-----BEGIN PUBLIC KEY-----\nMFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAE\n";
    static char lengthy[64 * 1024];
    const struct text keys[] = {
        { "\0\n \xff", 4 }, { "k", 1 }, { pem, sizeof pem - 1 }, { lengthy, sizeof lengthy }
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const struct api_settings settings = { .auth = AUTH_JWT, .jwt_secret = keys[i] };
        SCOPED(buffer) struct buffer sent = buffer_capped(MAX_BYTES);
        buffer_append_cstr(&sent, "Bearer ");
        jwt_mint(&sent, "SHA256", keys[i], TEXT(HS256), TEXT("{}"));
        expect("its own", refusal_at(&settings, buffer_text(&sent), 0), NULL);
        expect("another", refusal_at(&jwt, buffer_text(&sent), 0), INVALID);
    }
}

static void only_plain_base64url_is_read(void **state) /* AUTH-013 */
{
    static const struct {
        size_t at; /* counted from the end when larger than the token */
        char byte;
    } inserted[] = {
        { 0, ' ' },  { 0, '.' },  { 3, '=' },         { 3, '\n' },       { 3, '\0' },
        { 3, '+' },  { 3, '/' },  { 3, '\xff' },      { 3, ' ' },        { 3, '%' },
        { 40, '=' }, { 40, '!' }, { SIZE_MAX, '=' },  { SIZE_MAX, '.' }, { SIZE_MAX, ' ' },
        { 40, '.' }, { 3, '.' },  { SIZE_MAX, '\0' }, { SIZE_MAX, 'A' },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(inserted); i++) {
        SCOPED(buffer) struct buffer sent = bearer("SHA256", SECRET, TEXT(HS256), TEXT("{}"));
        const size_t start = strlen("Bearer ");
        const size_t at = inserted[i].at == SIZE_MAX ? sent.len : start + inserted[i].at;
        assert_true(buffer_insert(&sent, at, &inserted[i].byte, 1));
        expect("a byte inserted", refusal_at(&jwt, buffer_text(&sent), 0), INVALID);
    }
}

static void the_dates_are_held_against_the_worlds_clock(void **state)
{
    static const struct {
        const char *claims;
        const char *reason;
    } cases[] = {
        /* NOW_S is 1767225600. AUTH-023, without leeway */
        { "{}", NULL },
        { "{\"exp\":1767225601}", NULL },
        { "{\"exp\":1767225600}", INVALID },
        { "{\"exp\":1767225599}", INVALID },
        { "{\"exp\":1767225601.5}", NULL },
        { "{\"exp\":1767225600.5}", INVALID }, /* whole seconds count */
        { "{\"exp\":1.767225601e9}", NULL },
        { "{\"exp\":1767225601.000000}", NULL },
        { "{\"exp\":9223372036854775807}", NULL },
        { "{\"exp\":1e300}", NULL },
        { "{\"exp\":-1}", INVALID },
        { "{\"exp\":-1e300}", INVALID },
        { "{\"exp\":0.5}", INVALID },
        { "{\"exp\":0}", NULL }, /* not set */
        { "{\"exp\":1e400}", INVALID },
        { "{\"nbf\":1767225600}", NULL },
        { "{\"nbf\":1767225600.9}", NULL },
        { "{\"nbf\":1767225601}", INVALID },
        { "{\"nbf\":-1}", NULL },
        { "{\"nbf\":0}", NULL },
        { "{\"nbf\":1767225600,\"exp\":1767225601}", NULL },
        { "{\"nbf\":1767225601,\"exp\":1767225602}", INVALID },
        { "{\"exp\":1,\"exp\":1767225601}", NULL }, /* the last of two counts */
        { "{\"exp\":1767225601,\"exp\":1}", INVALID },
        /* AUTH-013: no dates at all */
        { "{\"exp\":\"1767225601\"}", INVALID },
        { "{\"exp\":null}", INVALID },
        { "{\"exp\":true}", INVALID },
        { "{\"exp\":[1767225601]}", INVALID },
        { "{\"exp\":{}}", INVALID },
        { "{\"nbf\":\"1\"}", INVALID },
        { "{\"nbf\":null}", INVALID },
        { "{\"iat\":\"1\"}", INVALID },
        { "{\"iat\":null}", INVALID },
        { "{\"iat\":false}", INVALID },
        /* AUTH-024 */
        { "{\"iat\":1767225601}", NULL },
        { "{\"iat\":4102444800.25}", NULL },
        { "{\"iat\":1}", NULL },
        /* AUTH-026: as the real server's tool makes them */
        { "{\"sub\":\"user-1\",\"iat\":1767225600,\"exp\":1767312000}", NULL },
        { "{\"sub\":\"user-1\",\"iat\":1767225600,\"exp\":1767312000,"
          "\"permissions\":[\"instance:read\"]}",
          NULL },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect(cases[i].claims, refusal_of_claims(text_of(cases[i].claims)), cases[i].reason);
}

static void a_token_expires_when_the_clock_moves(void **state) /* AUTH-023 */
{
    SCOPED(buffer)
    struct buffer sent = bearer("SHA256", SECRET, TEXT(HS256), TEXT("{\"nbf\":100,\"exp\":200}"));
    (void)state;

    expect("early", refusal_at(&jwt, buffer_text(&sent), 100 * NS_PER_SEC - 1), INVALID);
    expect("first", refusal_at(&jwt, buffer_text(&sent), 100 * NS_PER_SEC), NULL);
    expect("last", refusal_at(&jwt, buffer_text(&sent), 200 * NS_PER_SEC - 1), NULL);
    expect("late", refusal_at(&jwt, buffer_text(&sent), 200 * NS_PER_SEC), INVALID);
}

static void tokens_for_something_else_are_refused_by_type(void **state)
{
    static const struct {
        const char *claims;
        const char *reason;
    } cases[] = {
        /* AUTH-014, AUTH-030, SNAP-X-004 */
        { "{\"repos\":[\"a\"]}", TYPE },
        { "{\"repos\":null}", TYPE },
        { "{\"scope\":\"push\"}", TYPE },
        { "{\"scope\":false}", TYPE },
        { "{\"build_id\":\"b1\"}", TYPE },
        { "{\"build_id\":\"\"}", TYPE },
        { "{\"sub\":\"builder-1\"}", TYPE },
        { "{\"sub\":\"builder-\"}", TYPE },
        { "{\"sub\":\"builder-1\",\"permissions\":[\"*\"]}", TYPE },
        { "{\"exp\":1,\"scope\":\"push\"}", INVALID }, /* validity comes first */
        { "{\"repo_access\":[\"a\"]}", NULL },
        { "{\"Scope\":\"push\"}", NULL },
        { "{\"sub\":\"builder\"}", NULL },
        { "{\"sub\":\"my-builder-1\"}", NULL },
        { "{\"sub\":\"Builder-1\"}", NULL },
        { "{\"sub\":[\"builder-1\"]}", NULL },
        /* AUTH-024 */
        { "{\"sub\":17}", NULL },
        { "{\"sub\":null}", NULL },
        { "{\"aud\":[1,2],\"iss\":{\"a\":[]},\"jti\":null,\"kid\":0}", NULL },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect(cases[i].claims, refusal_of_claims(text_of(cases[i].claims)), cases[i].reason);
}

/* Signed with the right key all the same. */
static void claims_that_are_no_json_object_are_refused(void **state) /* AUTH-013 */
{
    static const struct text cases[] = {
        TEXT(""),          TEXT(" "),           TEXT("null"),
        TEXT("[]"),        TEXT("\"x\""),       TEXT("1"),
        TEXT("{"),         TEXT("{}}"),         TEXT("{} x"),
        TEXT("{a:1}"),     TEXT("{\"a\":1,}"),  TEXT("{\"exp\":0x7fffffff}"),
        TEXT("\0{}"),      TEXT("{\"a\":\0}"),  TEXT("{\"a\":\"\0\"}"),
        TEXT("{}\0"),      TEXT("\xef\xbb{}"),  TEXT("{\"a\":\"\xff\"}"),
        TEXT("{\"a\":-}"), TEXT("{\"a\":nan}"), TEXT("{\"a\":\"\\u0000\"}"),
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect(cases[i].data, refusal_of_claims(cases[i]), INVALID);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect(cases[i].data, refusal_of("SHA256", SECRET, cases[i], TEXT("{}")), INVALID);
}

static struct buffer nested(size_t depth)
{
    struct buffer out = buffer_capped(MAX_BYTES);

    buffer_append_cstr(&out, "{\"a\":");
    for (size_t i = 1; i < depth; i++)
        buffer_append_byte(&out, '[');
    for (size_t i = 1; i < depth; i++)
        buffer_append_byte(&out, ']');
    buffer_append_byte(&out, '}');
    return out;
}

static void claims_may_be_nested_but_not_without_end(void **state)
{
    SCOPED(buffer) struct buffer deep = nested(JSON_MAX_DEPTH);
    SCOPED(buffer) struct buffer deeper = nested(JSON_MAX_DEPTH + 1);
    SCOPED(buffer) struct buffer abyss = nested(100000);
    (void)state;

    expect("deep", refusal_of_claims(buffer_text(&deep)), NULL);
    expect("deeper", refusal_of_claims(buffer_text(&deeper)), INVALID);
    expect("abyss", refusal_of_claims(buffer_text(&abyss)), INVALID);
    expect("abyss", refusal_of("SHA256", SECRET, buffer_text(&abyss), TEXT("{}")), INVALID);
}

static void permissions_grant_exactly_what_they_name(void **state)
{
    static const struct {
        const char *claims;
        bool read; /* allows volume:read */
    } cases[] = {
        { "{}", true },                                                      /* SCOPE-001 */
        { "{\"Permissions\":[]}", true },                                    /* SCOPE-001 */
        { "{\"permissions\":[\"volume:read\"]}", true },                     /* SCOPE-002 */
        { "{\"permissions\":[\"*\"]}", true },                               /* SCOPE-002 */
        { "{\"permissions\":[\"x\",\"*\"]}", true },                         /* SCOPE-002 */
        { "{\"permissions\":[1,null,[\"y\"],{},\"volume:read\"]}", true },   /* SCOPE-002 */
        { "{\"permissions\":[1,null,true,{\"volume:read\":1}]}", false },    /* SCOPE-002 */
        { "{\"permissions\":[[\"volume:read\"]]}", false },                  /* SCOPE-002 */
        { "{\"permissions\":null}", false },                                 /* SCOPE-003 */
        { "{\"permissions\":\"*\"}", false },                                /* SCOPE-003 */
        { "{\"permissions\":\"volume:read\"}", false },                      /* SCOPE-003 */
        { "{\"permissions\":{\"*\":true}}", false },                         /* SCOPE-003 */
        { "{\"permissions\":true}", false },                                 /* SCOPE-003 */
        { "{\"permissions\":1}", false },                                    /* SCOPE-003 */
        { "{\"permissions\":[]}", false },                                   /* SCOPE-003 */
        { "{\"permissions\":[\"instance:read\"]}", false },                  /* SCOPE-003 */
        { "{\"permissions\":[\"nonsense\",\"volume:read\"]}", true },        /* SCOPE-004 */
        { "{\"permissions\":[\"volume:*\"]}", false },                       /* SCOPE-004 */
        { "{\"permissions\":[\"*:read\"]}", false },                         /* SCOPE-004 */
        { "{\"permissions\":[\"**\",\"\"]}", false },                        /* SCOPE-004 */
        { "{\"permissions\":[\"volume:write\",\"volume:delete\"]}", false }, /* SCOPE-004 */
        { "{\"permissions\":[\"Volume:Read\"]}", false },                    /* SCOPE-004 */
        { "{\"permissions\":[\" volume:read\",\"volume:readx\"]}", false },  /* SCOPE-004 */
        { "{\"permissions\":[\"*\"],\"permissions\":[]}", false },           /* the last counts */
        { "{\"permissions\":[],\"permissions\":[\"volume:read\"]}", true },  /* the last counts */
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        SCOPED(arena) struct arena arena = arena_capped(MAX_BYTES);
        SCOPED(buffer)
        struct buffer sent = bearer("SHA256", SECRET, TEXT(HS256), text_of(cases[i].claims));
        struct token token;
        struct error err = { 0 };
        assert_true(auth_check(&jwt, buffer_text(&sent), 0, &arena, &token, &err));
        if (token_has_scope(&token, "volume:read") != cases[i].read)
            fail_msg("%s", cases[i].claims);
    }
}

static void a_failed_allocation_is_no_verdict(void **state)
{
    SCOPED(buffer)
    struct buffer sent = bearer("SHA256", SECRET, TEXT(HS256),
                                TEXT("{\"permissions\":[\"*\"],\"sub\":\"\\u0061\"}"));
    bool ok = false;
    size_t failures = 0;
    (void)state;

    for (; !ok; failures++) {
        SCOPED(arena) struct arena arena = arena_capped(MAX_BYTES);
        struct token token = { 0 };
        struct error err = { 0 };
        alloc_fail_after(failures);
        ok = auth_check(&jwt, buffer_text(&sent), 0, &arena, &token, &err);
        const bool failed = alloc_fail_stop() != 0;
        assert_int_equal(ok, !failed);
        assert_int_equal(err.code, failed ? ERROR_NO_MEMORY : ERROR_NONE);
        assert_true(ok || token.permissions == NULL);
    }
    assert_true(failures > 3);
}

static void an_arena_that_is_full_is_no_verdict(void **state)
{
    SCOPED(buffer)
    struct buffer sent = bearer("SHA256", SECRET, TEXT(HS256), TEXT("{\"permissions\":[\"*\"]}"));
    bool ok = false;
    (void)state;

    for (size_t room = 0; !ok; room++) {
        SCOPED(arena) struct arena arena = arena_capped(room);
        struct token token;
        struct error err = { 0 };
        ok = auth_check(&jwt, buffer_text(&sent), 0, &arena, &token, &err);
        assert_int_equal(err.code, ok ? ERROR_NONE : ERROR_NO_MEMORY);
        assert_true(room < 4096);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_of_the_header_has_its_reason),
        cmocka_unit_test(the_scheme_is_read_without_case),
        cmocka_unit_test(only_the_three_hmac_algorithms_are_accepted),
        cmocka_unit_test(the_example_of_the_rfc_is_accepted_until_its_last_second),
        cmocka_unit_test(another_key_or_a_changed_byte_is_noticed),
        cmocka_unit_test(the_key_is_the_secrets_bytes),
        cmocka_unit_test(only_plain_base64url_is_read),
        cmocka_unit_test(the_dates_are_held_against_the_worlds_clock),
        cmocka_unit_test(a_token_expires_when_the_clock_moves),
        cmocka_unit_test(tokens_for_something_else_are_refused_by_type),
        cmocka_unit_test(claims_that_are_no_json_object_are_refused),
        cmocka_unit_test(claims_may_be_nested_but_not_without_end),
        cmocka_unit_test(permissions_grant_exactly_what_they_name),
        cmocka_unit_test(a_failed_allocation_is_no_verdict),
        cmocka_unit_test(an_arena_that_is_full_is_no_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
