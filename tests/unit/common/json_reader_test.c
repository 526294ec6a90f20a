#include "tests/unit/common/check.h"

#include <stdio.h>
#include <string.h>

#include "common/json/json_reader.h"
#include "tests/unit/common/alloc_fail.h"

/* One line per document: tokens as { } [ ] k:KEY s:STRING n:NUMBER true false null. */
static void assert_tokens(struct text input, const char *expected)
{
    SCOPED(arena) struct arena arena = arena_capped(1 << 16);
    SCOPED(buffer) struct buffer shown = buffer_capped(1 << 16);
    static const char *const names[] = { "{",  "}",  "[",    "]",     "k:",
                                         "s:", "n:", "true", "false", "null" };
    struct json_reader r = json_reader_from(input, &arena);
    for (;;) {
        enum json_token token;
        struct text text = TEXT("");
        struct error err = { 0 };
        if (!json_next(&r, &token, &text, &err))
            fail_msg("%s", err.message);
        if (token == JSON_TOKEN_END)
            break;
        buffer_appendf(&shown, "%s%s" TEXT_FMT, shown.len == 0 ? "" : " ", names[token],
                       TEXT_ARGS(text));
    }
    assert_text(buffer_text(&shown), expected);
}

static void documents_are_read_token_by_token(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *tokens;
    } rows[] = {
        { "null", "null" },
        { " \t\r\n true ", "true" },
        { "{}", "{ }" },
        { "[ ]", "[ ]" },
        { "{\"a\":1,\"b\":[true,false,null],\"c\":{\"d\":\"e\"}}",
          "{ k:a n:1 k:b [ true false null ] k:c { k:d s:e } }" },
        { "[[],{},[[]]]", "[ [ ] { } [ [ ] ] ]" },
        { "[0,-0,10,-1.5,1e5,1E+5,0.1e-7]", "[ n:0 n:-0 n:10 n:-1.5 n:1e5 n:1E+5 n:0.1e-7 ]" },
        { "{ \"a\" : 1 , \"a\" : 2 }", "{ k:a n:1 k:a n:2 }" },
        { "9007199254740993", "n:9007199254740993" },
        { "\"\"", "s:" },
        { "{\"\":\"\"}", "{ k: s: }" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_tokens(text_of(rows[i].json), rows[i].tokens);
}

static void strings_are_decoded_and_what_is_broken_becomes_u_fffd(void **state)
{
    (void)state;
    static const struct {
        struct text json;
        struct text value;
    } rows[] = {
        { TEXT("\"plain\""), TEXT("plain") },
        { TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), TEXT("\"\\/\b\f\n\r\t") },
        { TEXT("\"a\\u0000b\""), TEXT("a\0b") },
        { TEXT("\"\\u0041\\u00e4\\u20AC\""), TEXT("A\xC3\xA4\xE2\x82\xAC") },
        { TEXT("\"\\ud83d\\ude00\""), TEXT("\xF0\x9F\x98\x80") },
        { TEXT("\"\xF0\x9F\x98\x80\""), TEXT("\xF0\x9F\x98\x80") },
        /* VALID-039 */
        { TEXT("\"\\ud83d\""), TEXT("\xEF\xBF\xBD") },
        { TEXT("\"\\ude00x\""), TEXT("\xEF\xBF\xBDx") },
        { TEXT("\"\\ud83dx\\u0041\""), TEXT("\xEF\xBF\xBDxA") },
        { TEXT("\"\\ud83d\\u0041\""), TEXT("\xEF\xBF\xBD"
                                           "A") },
        { TEXT("\"\\ud83d\\ud83d\\ude00\""), TEXT("\xEF\xBF\xBD\xF0\x9F\x98\x80") },
        { TEXT("\"a\xFFz\""), TEXT("a\xEF\xBF\xBDz") },
        { TEXT("\"\xE2\x82\""), TEXT("\xEF\xBF\xBD\xEF\xBF\xBD") },
        { TEXT("\"\xC0\x80\""), TEXT("\xEF\xBF\xBD\xEF\xBF\xBD") },
        { TEXT("\"\xED\xA0\x80\""), TEXT("\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD") },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(arena) struct arena arena = arena_capped(1 << 16);
        struct json_reader r = json_reader_from(rows[i].json, &arena);
        enum json_token token;
        struct text text = { 0 };
        struct error err = { 0 };
        assert_true(json_next(&r, &token, &text, &err));
        assert_int_equal(token, JSON_TOKEN_STRING);
        if (!text_equal(text, rows[i].value))
            fail_msg("row %zu gives " TEXT_FMT, i, TEXT_ARGS(text));
    }
}

static void a_string_with_a_special_byte_at_any_place_is_read_right(void **state)
{
    (void)state;
    static const char *const specials[] = { "\\n", "\xC3\xA4", "\x7F", "!", "#", "[", "]" };
    for (size_t s = 0; s < ARRAY_LEN(specials); s++) {
        for (size_t at = 0; at < 20; at++) {
            char json[64];
            char value[64];
            const char *read = s == 0 ? "\n" : specials[s];
            snprintf(json, sizeof json, "\"%.*s%s%.*s\"", (int)at, "aaaaaaaaaaaaaaaaaaaa",
                     specials[s], (int)(20 - at), "bbbbbbbbbbbbbbbbbbbb");
            snprintf(value, sizeof value, "s:%.*s%s%.*s", (int)at, "aaaaaaaaaaaaaaaaaaaa", read,
                     (int)(20 - at), "bbbbbbbbbbbbbbbbbbbb");
            assert_tokens(text_of(json), value);
        }
    }
}

static void what_is_not_json_is_refused_in_gos_words(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *message;
    } rows[] = {
        { "", "EOF" },
        { " \n\t", "EOF" },
        { "{", "unexpected EOF" },
        { "[", "unexpected EOF" },
        { "[1", "unexpected EOF" },
        { "[1,", "unexpected EOF" },
        { "{\"a\"", "unexpected EOF" },
        { "{\"a\":", "unexpected EOF" },
        { "{\"a\":1", "unexpected EOF" },
        { "\"abc", "unexpected EOF" },
        { "\"abc\\", "unexpected EOF" },
        { "\"abc\\u12", "unexpected EOF" },
        { "nul", "unexpected EOF" },
        { "-", "unexpected EOF" },
        { "1.", "unexpected EOF" },
        { "1e", "unexpected EOF" },
        { "1e+", "unexpected EOF" },
        { "x", "invalid character 'x' looking for beginning of value" },
        { "+1", "invalid character '+' looking for beginning of value" },
        { ".5", "invalid character '.' looking for beginning of value" },
        { "'a'", "invalid character '\\'' looking for beginning of value" },
        { "NaN", "invalid character 'N' looking for beginning of value" },
        { "// c\n1", "invalid character '/' looking for beginning of value" },
        { "[,1]", "invalid character ',' looking for beginning of value" },
        { "[1,]", "invalid character ']' looking for beginning of value" },
        { "{\"a\":}", "invalid character '}' looking for beginning of value" },
        { "]", "invalid character ']' looking for beginning of value" },
        { "\\", "invalid character '\\\\' looking for beginning of value" },
        { "\x01", "invalid character '\\x01' looking for beginning of value" },
        { "\x7F", "invalid character '\\x7f' looking for beginning of value" },
        { "\v", "invalid character '\\v' looking for beginning of value" },
        { "\xEF\xBB\xBF{}", "invalid character '\u00ef' looking for beginning of value" },
        { "\xC2\xA0", "invalid character '\u00c2' looking for beginning of value" },
        { "\x85", "invalid character '\\u0085' looking for beginning of value" },
        { "[\"a\"\xAD", "invalid character '\\u00ad' after array element" },
        { "{\"a\" 1}", "invalid character '1' after object key" },
        { "{\"a\"}", "invalid character '}' after object key" },
        { "{\"a\":1 \"b\"}", "invalid character '\"' after object key:value pair" },
        { "{\"a\":1]", "invalid character ']' after object key:value pair" },
        { "[1 2]", "invalid character '2' after array element" },
        { "[1}", "invalid character '}' after array element" },
        { "[01]", "invalid character '1' after array element" },
        { "{a:1}", "invalid character 'a' looking for beginning of object key string" },
        { "{1:1}", "invalid character '1' looking for beginning of object key string" },
        { "{\"a\":1,}", "invalid character '}' looking for beginning of object key string" },
        { "{,}", "invalid character ',' looking for beginning of object key string" },
        { "nil", "invalid character 'i' in literal null (expecting 'u')" },
        { "nuLl", "invalid character 'L' in literal null (expecting 'l')" },
        { "tRue", "invalid character 'R' in literal true (expecting 'r')" },
        { "falsy", "invalid character 'y' in literal false (expecting 'e')" },
        { "\"a\nb\"", "invalid character '\\n' in string literal" },
        { "\"a\tb\"", "invalid character '\\t' in string literal" },
        { "\"\\x\"", "invalid character 'x' in string escape code" },
        { "\"\\'\"", "invalid character '\\'' in string escape code" },
        { "\"\\u12g4\"", "invalid character 'g' in \\u hexadecimal character escape" },
        { "\"\\u\"", "invalid character '\"' in \\u hexadecimal character escape" },
        { "-x", "invalid character 'x' in numeric literal" },
        { "--1", "invalid character '-' in numeric literal" },
        { "1.x", "invalid character 'x' after decimal point in numeric literal" },
        { "1.e5", "invalid character 'e' after decimal point in numeric literal" },
        { "1ex", "invalid character 'x' in exponent of numeric literal" },
        { "1e+x", "invalid character 'x' in exponent of numeric literal" },
        { "1 2", "invalid character '2' after top-level value" },
        { "01", "invalid character '1' after top-level value" },
        { "{}}", "invalid character '}' after top-level value" },
        { "nullx", "invalid character 'x' after top-level value" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err = { 0 };
        assert_false(json_check(text_of(rows[i].json), false, &err));
        assert_error(err, ERROR_INVALID_ARGUMENT, rows[i].message);
    }
    struct error err = { 0 };
    assert_false(json_check(TEXT("[\0]"), false, &err));
    assert_error(err, ERROR_INVALID_ARGUMENT,
                 "invalid character '\\x00' looking for beginning of value");
    err = (struct error){ 0 };
    assert_false(json_check(TEXT("\"\\\0\""), false, &err));
    assert_error(err, ERROR_INVALID_ARGUMENT, "invalid character '\\x00' in string escape code");
}

static void text_after_the_first_value_is_ignored_when_allowed(void **state)
{
    (void)state;
    static const char *const texts[] = { "{} x", "{}{", "1 2", "12x", "null,", "\"a\"\xFF" };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) { /* VALID-035 */
        struct error err = { 0 };
        assert_true(json_check(text_of(texts[i]), true, &err));
        assert_false(json_check(text_of(texts[i]), false, &err));
    }
}

static void nesting_is_accepted_up_to_the_limit_only(void **state)
{
    (void)state;
    static const char *const openings[] = { "[", "{\"a\":" };
    static const char *const closings[] = { "]", "}" };
    for (size_t kind = 0; kind < 2; kind++) {
        for (int depth = JSON_MAX_DEPTH; depth <= JSON_MAX_DEPTH + 1; depth++) {
            SCOPED(buffer) struct buffer b = buffer_capped(1 << 16);
            for (int i = 0; i < depth; i++)
                buffer_append_cstr(&b, openings[kind]);
            buffer_append_cstr(&b, "1");
            for (int i = 0; i < depth; i++)
                buffer_append_cstr(&b, closings[kind]);
            struct error err = { 0 };
            assert_int_equal(json_check(buffer_text(&b), false, &err), depth == JSON_MAX_DEPTH);
            if (depth > JSON_MAX_DEPTH)
                assert_error(err, ERROR_RESOURCE_EXHAUSTED, "JSON nested deeper than 64 levels");
        }
    }
}

static void deep_nesting_is_refused_after_the_limit_not_after_the_input(void **state)
{
    (void)state;
    char deep[10000];
    memset(deep, '[', sizeof deep);
    SCOPED(arena) struct arena arena = arena_capped(0);
    struct json_reader r = json_reader_from((struct text){ deep, sizeof deep }, &arena);
    enum json_token token;
    struct text text;
    struct error err = { 0 };
    while (json_next(&r, &token, &text, &err)) {
    }
    assert_int_equal(err.code, ERROR_RESOURCE_EXHAUSTED);
    assert_int_equal(r.at, JSON_MAX_DEPTH);
}

static void a_value_is_skipped_whole_and_without_memory(void **state)
{
    (void)state;
    SCOPED(arena) struct arena arena = arena_capped(0);
    struct json_reader r =
        json_reader_from(TEXT("{\"a\":{\"x\":[1,{\"y\":\"\\n\"}]},\"b\":2,\"c\":[[]]}"), &arena);
    enum json_token token;
    struct text text;
    struct error err = { 0 };
    static const char *const keys[] = { "a", "b", "c" };
    assert_true(json_next(&r, &token, &text, &err));
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        assert_true(json_next(&r, &token, &text, &err));
        assert_int_equal(token, JSON_TOKEN_KEY);
        assert_text(text, keys[i]);
        assert_true(json_next(&r, &token, &text, &err));
        assert_true(json_skip(&r, token, &err));
    }
    assert_true(json_next(&r, &token, &text, &err));
    assert_int_equal(token, JSON_TOKEN_OBJECT_END);
    assert_ptr_equal(r.arena, &arena);
}

static void running_out_of_memory_is_reported(void **state)
{
    (void)state;
    for (int from_heap = 0; from_heap < 2; from_heap++) {
        SCOPED(arena) struct arena arena = arena_capped(from_heap ? 1000 : 2);
        struct json_reader r = json_reader_from(TEXT("\"\\n\\n\""), &arena);
        enum json_token token;
        struct text text;
        struct error err = { 0 };
        if (from_heap)
            alloc_fail_after(0);
        assert_false(json_next(&r, &token, &text, &err));
        assert_int_equal(alloc_fail_stop(), from_heap);
        assert_int_equal(err.code, ERROR_NO_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_are_read_token_by_token),
        cmocka_unit_test(strings_are_decoded_and_what_is_broken_becomes_u_fffd),
        cmocka_unit_test(a_string_with_a_special_byte_at_any_place_is_read_right),
        cmocka_unit_test(what_is_not_json_is_refused_in_gos_words),
        cmocka_unit_test(text_after_the_first_value_is_ignored_when_allowed),
        cmocka_unit_test(nesting_is_accepted_up_to_the_limit_only),
        cmocka_unit_test(deep_nesting_is_refused_after_the_limit_not_after_the_input),
        cmocka_unit_test(a_value_is_skipped_whole_and_without_memory),
        cmocka_unit_test(running_out_of_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
