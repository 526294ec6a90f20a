/* What of a request is never kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/scope.h"
#include "mock/control/redact.h"

enum { MAX_BYTES = 4096 };

static void expect_text(const struct buffer *out, const char *expected)
{
    const struct text text = buffer_text(out);

    if (!text_equal_cstr(text, expected))
        fail_msg(TEXT_FMT " instead of %s", TEXT_ARGS(text), expected);
}

static const struct {
    const char *body;
    const char *kept;
    bool whole;
} documents[] = {
    { "{\"name\": \"vm\", \"vcpus\": 2}", "{\"name\":\"vm\",\"vcpus\":2}", true },
    { "{\"env\":{\"A\":\"x\",\"B\":\"y\"},\"name\":\"vm\"}",
      "{\"env\":{\"A\":\"[redacted]\",\"B\":\"[redacted]\"},\"name\":\"vm\"}", true },
    { "{\"env\":{\"A\":{\"B\":[1,true]}}}",
      "{\"env\":{\"A\":{\"B\":[\"[redacted]\",\"[redacted]\"]}}}", true },
    { "{\"env\":[\"A=x\"],\"size\":\"1GB\"}", "{\"env\":[\"[redacted]\"],\"size\":\"1GB\"}", true },
    { "{\"env\":{\"A\":null}}", "{\"env\":{\"A\":null}}", true },
    { "{\"\\u0065nv\":{\"A\":\"x\"}}", "{\"env\":{\"A\":\"[redacted]\"}}", true },
    { "{\"token\":\"x\"}", "{\"token\":\"[redacted]\"}", true },
    { "{\"gitToken2\":7}", "{\"gitToken2\":\"[redacted]\"}", true },
    { "{\"PASSWORD\":{\"a\":[1,2]},\"b\":1}", "{\"PASSWORD\":\"[redacted]\",\"b\":1}", true },
    { "{\"p\\u0061ssword\":\"x\"}", "{\"password\":\"[redacted]\"}", true },
    { "{\"client_secret\":[\"x\"]}", "{\"client_secret\":\"[redacted]\"}", true },
    { "{\"registry\":{\"Authorization\":\"x\",\"user\":\"u\"}}",
      "{\"registry\":{\"Authorization\":\"[redacted]\",\"user\":\"u\"}}", true },
    { "{\"credentials\":{\"C\":{\"source\":{\"env\":\"E\"},\"inject\":[{\"as\":{\"header\":\"H\","
      "\"format\":\"Bearer x\"}}]}}}",
      "{\"credentials\":{\"C\":{\"source\":{\"env\":\"E\"},\"inject\":[{\"as\":{\"header\":\"H\","
      "\"format\":\"[redacted]\"}}]}}}",
      true },
    { "{\"format\":\"qcow2\",\"value\":1}", "{\"format\":\"qcow2\",\"value\":1}", true },
    { "[{\"token\":1},2,\"token\"]", "[{\"token\":\"[redacted]\"},2,\"token\"]", true },
    { "\"token\"", "\"token\"", true },
    { "null", "null", true },
    /* not JSON: up to there, and never a half of something */
    { "", "", false },
    { "password=x", "", false },
    { "{\"name\":\"vm\",\"token\":\"x", "{\"name\":\"vm\",\"token\":", false },
    { "{\"name\":\"vm\",\"token\":x}", "{\"name\":\"vm\",\"token\":", false },
    { "{\"token\":{\"a\":", "{\"token\":\"[redacted]\"", false },
    { "{\"token\"", "{", false },
    { "{} {\"token\":\"x\"}", "{}", false },
};

static void a_document_is_kept_without_its_secrets(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(documents); i++) {
        SCOPED(arena) struct arena arena = arena_capped(MAX_BYTES);
        SCOPED(buffer) struct buffer out = buffer_capped(MAX_BYTES);
        const bool whole = redact_json(text_of(documents[i].body), &arena, &out);
        expect_text(&out, documents[i].kept);
        assert_int_equal(whole, documents[i].whole);
    }
}

static void a_document_is_cut_between_its_tokens(void **state)
{
    static const char body[] = "{\"name\":\"abcdefgh\",\"env\":{\"A\":\"hush\"}}";
    (void)state;

    for (size_t max = 1; max < sizeof body + sizeof REDACTED; max++) {
        char room[128];
        SCOPED(arena) struct arena arena = arena_capped(MAX_BYTES);
        struct buffer out = buffer_over(room, max);
        const bool whole = redact_json(text_of(body), &arena, &out);
        assert_int_equal(whole, !out.failed);
        assert_true(out.len < max);
        assert_null(memmem(room, out.len, "hush", 4));
    }
}

static const struct {
    const char *query, *kept;
} queries[] = {
    { "", "" },
    { "state=Running&timeout=5s", "state=Running&timeout=5s" },
    { "token=x", "token=[redacted]" },
    { "a=1&access_token=x=y&b", "a=1&access_token=[redacted]&b" },
    { "tok%65n=x", "tok%65n=[redacted]" },
    { "tags[api_key]=x&token=", "tags[api_key]=[redacted]&token=" },
    { "&&a&", "&&a&" },
};

static void a_query_is_kept_without_its_secrets(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
        SCOPED(buffer) struct buffer out = buffer_capped(MAX_BYTES);
        assert_true(redact_query(text_of(queries[i].query), &out));
        expect_text(&out, queries[i].kept);
    }
}

static void of_an_authorization_the_scheme_is_kept(void **state)
{
    static const char *const values[][2] = {
        { "Bearer x", "Bearer [redacted]" },
        { "Basic dXNlcjpw x", "Basic [redacted]" },
        { "justatoken", "[redacted]" },
        { "", "[redacted]" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        SCOPED(buffer) struct buffer out = buffer_capped(MAX_BYTES);
        assert_true(redact_authorization(text_of(values[i][0]), &out));
        expect_text(&out, values[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_kept_without_its_secrets),
        cmocka_unit_test(a_document_is_cut_between_its_tokens),
        cmocka_unit_test(a_query_is_kept_without_its_secrets),
        cmocka_unit_test(of_an_authorization_the_scheme_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
