#include "tests/unit/gateway/fixture.h"

#include <string.h>

#include "gateway/transcode/stream_split.h"

enum { ITEM_MAX = 1024 };

/* ---- Helpers ------------------------------------------------------------------------------- */

/* What came out, as one text: "<item><item>!<item of an error event>", and how it ended. */
struct seen {
    struct buffer items;
    struct error err;
    bool failed_at_end;
};

static void note(struct seen *seen, enum split_found found, const struct stream_split *split)
{
    buffer_append_cstr(&seen->items, found == SPLIT_ERROR_EVENT ? "!<" : "<");
    buffer_append_text(&seen->items, buffer_text(&split->item));
    buffer_append_byte(&seen->items, '>');
}

static bool feed(struct stream_split *split, struct text piece, struct seen *seen)
{
    for (;;) {
        const enum split_found found = stream_split_next(split, &piece, &seen->err);
        if (found == SPLIT_FAILED)
            return false;
        if (found == SPLIT_NOTHING) {
            assert_int_equal(piece.len, 0);
            return true;
        }
        note(seen, found, split);
    }
}

static void end(struct stream_split *split, struct seen *seen)
{
    for (;;) {
        const enum split_found found = stream_split_end(split, &seen->err);
        seen->failed_at_end = found == SPLIT_FAILED;
        if (found == SPLIT_FAILED || found == SPLIT_NOTHING)
            return;
        note(seen, found, split);
    }
}

/* In pieces: first of `first` bytes, then of `rest` bytes each. */
static struct seen split_in(enum stream_format format, struct text body, size_t first, size_t rest)
{
    struct stream_split split = stream_split_begin(format, ITEM_MAX);
    struct seen seen = { .items = buffer_capped(1 << 20) };
    bool ok = true;
    for (size_t at = 0, len = first; ok && at < body.len; at += len, len = rest) {
        if (len > body.len - at)
            len = body.len - at;
        ok = feed(&split, (struct text){ body.data + at, len }, &seen);
    }
    if (ok)
        end(&split, &seen);
    stream_split_fini(&split);
    return seen;
}

static void check(enum stream_format format, struct text body, size_t first, size_t rest,
                  const char *items, const char *error)
{
    struct seen seen = split_in(format, body, first, rest);
    if (!text_equal_cstr(buffer_text(&seen.items), items) || strcmp(seen.err.message, error) != 0)
        fail_msg("\"" TEXT_FMT "\" in pieces of %zu and %zu gives " TEXT_FMT " and \"%s\", not %s "
                 "and \"%s\"",
                 TEXT_ARGS(body), first, rest, TEXT_ARGS(buffer_text(&seen.items)),
                 seen.err.message, items, error);
    if (strstr(error, "the stream ends inside") != NULL) {
        assert_true(seen.failed_at_end);
        assert_error_code(seen.err, ERROR_UNAVAILABLE);
    }
    buffer_fini(&seen.items);
}

/* Whole, byte by byte, and cut in two at every place. */
static void check_all(enum stream_format format, struct text body, const char *items,
                      const char *error)
{
    check(format, body, body.len, body.len, items, error);
    check(format, body, 1, 1, items, error);
    for (size_t at = 1; at < body.len; at++)
        check(format, body, at, body.len, items, error);
}

struct split_case {
    const char *body;
    const char *items;
    const char *error; /* NULL: a clean end */
};

static void check_cases(enum stream_format format, const struct split_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_all(format, text_of(cases[i].body), cases[i].items,
                  cases[i].error == NULL ? "" : cases[i].error);
}

/* ---- Content types ------------------------------------------------------------------------- */

static void the_content_type_says_how_to_cut(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        int format; /* -1: none */
    } cases[] = {
        { "text/event-stream", STREAM_EVENTS },
        { "Text/Event-Stream; charset=utf-8", STREAM_EVENTS },
        { "application/x-ndjson", STREAM_LINES },
        { "application/ndjson ;charset=utf-8", STREAM_LINES },
        { "application/jsonl", STREAM_LINES },
        { "application/x-jsonlines", STREAM_LINES },
        { "application/json", STREAM_JSON },
        { "application/json; charset=utf-8", STREAM_JSON },
        { "application/vnd.api+JSON", STREAM_JSON },
        { "", STREAM_JSON },
        { "+json", -1 },
        { "text/html", -1 },
        { "text/plain", -1 },
        { "application/jsonx", -1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        enum stream_format format = STREAM_JSON;
        const bool found = stream_format_find(text_of(cases[i].type), &format);
        if ((found ? (int)format : -1) != cases[i].format)
            fail_msg("%s is not %d", cases[i].type, cases[i].format);
    }
}

/* ---- Events -------------------------------------------------------------------------------- */

static void an_event_is_its_data(void **state) /* SSE-002, SSE-003, INST-LOG-002 */
{
    (void)state;
    static const struct split_case cases[] = {
        { "data: \"a\"\n\n", "<\"a\">", NULL },
        { "data: 1\n\ndata: 2\n\ndata: 3\n\n", "<1><2><3>", NULL },
        { "data:1\n\n", "<1>", NULL },
        { "data:  1\n\n", "< 1>", NULL }, /* one blank belongs to the colon */
        { "data: a:b\n\n", "<a:b>", NULL },
        { "data: [1,\ndata: 2]\n\n", "<[1,\n2]>", NULL },
        { "data: 1\ndata\ndata: 2\n\n", "<1\n\n2>", NULL },
        { "id: 7\nevent: added\nretry: 10\ndata: 1\nother: x\n\n", "<1>", NULL },
        { "event: x\ndata: 1\nevent: y\n\n", "<1>", NULL },
        { "datas: 1\n Data: 1\ndata : 1\n\n", "", NULL },
        { "a-field-with-a-very-long-name-data: 1\ndata: 2\n\n", "<2>", NULL },
    };
    check_cases(STREAM_EVENTS, cases, ARRAY_LEN(cases));
}

static void lines_of_events_end_in_three_ways(void **state)
{
    (void)state;
    static const struct split_case cases[] = {
        { "data: 1\r\n\r\n", "<1>", NULL },
        { "data: 1\r\r", "<1>", NULL },
        { "data: 1\n\r", "<1>", NULL },
        { "data: 1\r\n\rdata: 2\r\r\ndata: 3\n\n", "<1><2><3>", NULL },
        { "data: 1\r\ndata: 2\rdata: 3\n\r\n", "<1\n2\n3>", NULL },
        { "\r\n\r\n\n\rdata: 1\n\n\n\n", "<1>", NULL },
    };
    check_cases(STREAM_EVENTS, cases, ARRAY_LEN(cases));
}

static void what_keeps_a_connection_busy_is_no_event(void **state)
{
    (void)state;
    static const struct split_case cases[] = {
        { "", "", NULL }, /* SSE-006 */
        { ":\n\n", "", NULL },
        { ": ping\n\n: ping\n\ndata: 1\n\n:x\n", "<1>", NULL },
        { "data: 1\n: in between\ndata: 2\n\n", "<1\n2>", NULL },
        { "data\n\n", "", NULL },
        { "data:\n\n", "", NULL },
        { "data: \n\n", "", NULL },
        { "event: ping\n\n", "", NULL },
        { "id: 1\n\nretry: 3000\n\n", "", NULL },
        { "event: error\n\ndata: 1\n\n", "<1>", NULL }, /* its name went with it */
        { ": a comment without an end", "", NULL },
    };
    check_cases(STREAM_EVENTS, cases, ARRAY_LEN(cases));
}

static void a_byte_order_mark_comes_first_or_not_at_all(void **state)
{
    (void)state;
    static const struct split_case cases[] = {
        { "\xEF\xBB\xBF"
          "data: 1\n\n",
          "<1>", NULL },
        { "\xEF\xBB\xBF"
          ": ping\n\ndata: 1\n\n",
          "<1>", NULL },
        { "\xEF\xBB\xBF\n\ndata: 1\n\n", "<1>", NULL },
        { "\xEF\xBB\xBF", "", NULL },
        { "\xEF\xBB\xBF"
          "event: error\ndata: 1\n\n",
          "!<1>", NULL },
        { "\xEF\xBB\xBF"
          "\xEF\xBB\xBF"
          "data: 1\ndata: 2\n\n",
          "<2>", NULL },
        { "\n\xEF\xBB\xBF"
          "data: 1\ndata: 2\n\n",
          "<2>", NULL },
        { "\xEF\xBB"
          "data: 1\ndata: 2\n\n",
          "<2>", NULL },
    };
    check_cases(STREAM_EVENTS, cases, ARRAY_LEN(cases));
}

static void an_event_named_error_is_told_apart(void **state)
{
    (void)state;
    static const struct split_case cases[] = {
        { "event: error\ndata: {}\n\ndata: 1\n\n", "!<{}><1>", NULL },
        { "data: {}\nevent:error\n\n", "!<{}>", NULL },
        { "event: error\nevent: fine\ndata: 1\n\n", "<1>", NULL },
        { "event: error\nevent\ndata: 1\n\n", "<1>", NULL },
        { "event: errors\ndata: 1\n\nevent: err\ndata: 2\n\n", "<1><2>", NULL },
        { "event:  error\ndata: 1\n\n", "<1>", NULL },
        { "event: a-name-longer-than-any-that-counts\ndata: 1\n\n", "<1>", NULL },
    };
    check_cases(STREAM_EVENTS, cases, ARRAY_LEN(cases));
}

static void an_event_that_is_not_dispatched_is_lost(void **state)
{
    (void)state;
    static const char inside[] = "the stream ends inside an event";
    static const struct split_case cases[] = {
        { "data: 1\n\ndata: 2", "<1>", inside },
        { "data: 1\n\ndata: 2\n", "<1>", inside },
        { "data: 1\n\ndat", "<1>", inside },
        { "data: 1\n\ndata", "<1>", inside },
        { "event: x", "", inside },
        { "id: 1\n", "", inside },
        { "data: 1\n: comment", "", inside },
        { "d", "", inside },
    };
    check_cases(STREAM_EVENTS, cases, ARRAY_LEN(cases));
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static void lines_are_documents(void **state)
{
    (void)state;
    static const char inside[] = "the stream ends inside a document";
    static const struct split_case cases[] = {
        { "", "", NULL },
        { "\n\r\n  \n", "", NULL },
        { "{\"a\":1}\n{\"a\":2}\n", "<{\"a\":1}><{\"a\":2}>", NULL },
        { "{}\n\n[]\r\n \"x\" \n1\n", "<{}><[]\r><\"x\" ><1>", NULL },
        { "{}\n{}", "<{}><{}>", NULL }, /* the last line end may lack */
        { "1\n2", "<1><2>", NULL },
        { "[1]\n[2]\n", "<[1]><[2]>", NULL },
        { "{} {}\n", "<{} {}>", NULL }, /* its translation will complain */
        { "}\n]\n,\n", "<}><]><,>", NULL },
        { "{\"a\":\n1}\n", "<{\"a\":><1}>", NULL },
        { "\"a\n\"\n", "<\"a><\">", NULL },
        { "{\"a\":\"}\\\"\"}\n", "<{\"a\":\"}\\\"\"}>", NULL },
        { "{}\n{\"a\":1", "<{}>", inside },
        { "{}\n\"a", "<{}>", inside },
        { "\"a\\\"", "", inside },
        { "[[]", "", inside },
    };
    check_cases(STREAM_LINES, cases, ARRAY_LEN(cases));
}

static void documents_may_stand_behind_each_other(void **state)
{
    (void)state;
    static const char inside[] = "the stream ends inside a document";
    static const struct split_case cases[] = {
        { "", "", NULL },
        { " \n ", "", NULL },
        { "{\"a\":1}", "<{\"a\":1}>", NULL },
        { " {\n  \"a\": [1, 2]\n}\n{}\n", "<{\n  \"a\": [1, 2]\n}><{}>", NULL },
        { "1 2\n3", "<1><2><3>", NULL },
        { "\"a\"\"b\"{}[]", "<\"a\"><\"b\"><{}><[]>", NULL },
        { "{}[1,2]", "<{}><[1,2]>", NULL }, /* an array only when it comes first */
        { "null\n", "<null>", NULL },
        { "{}}", "<{}><}>", NULL },
        { "{\"a\":{\"b\":\"\\\\\"}}{", "<{\"a\":{\"b\":\"\\\\\"}}>", inside },
        { "\"a", "", inside },
    };
    check_cases(STREAM_JSON, cases, ARRAY_LEN(cases));
}

static void an_array_is_its_elements(void **state)
{
    (void)state;
    static const char inside[] = "the stream ends inside its array";
    static const struct split_case cases[] = {
        { "[]", "", NULL },
        { " [ \n ] \n", "", NULL },
        { "[1]", "<1>", NULL },
        { "[1,2 ,\n3 ]\n", "<1><2><3>", NULL },
        { "[{\"a\":[1,{}]},[],\"],[\",true,null]", "<{\"a\":[1,{}]}><[]><\"],[\"><true><null>",
          NULL },
        { "[\"\\\"]\",1]", "<\"\\\"]\"><1>", NULL },
        { "[", "", inside },
        { "[1", "", inside },
        { "[1,", "<1>", inside },
        { "[1,2", "<1>", inside },
        { "[{}", "<{}>", inside },
        { "[{},{\"a\"", "<{}>", inside },
        { "[,1]", "", "invalid character ',' looking for beginning of value" },
        { "[1,]", "<1>", "invalid character ']' looking for beginning of value" },
        { "[1,,2]", "<1>", "invalid character ',' looking for beginning of value" },
        { "[}", "", "invalid character '}' looking for beginning of value" },
        { "[1}", "<1>", "invalid character '}' after array element" },
        { "[1 2]", "<1>", "invalid character '2' after array element" },
        { "[{}{}]", "<{}>", "invalid character '{' after array element" },
        { "[1]\n[2]", "<1>", "invalid character '[' after top-level value" },
        { "[1]\xC3\xA9", "<1>", "invalid byte 0xc3 after top-level value" },
    };
    check_cases(STREAM_JSON, cases, ARRAY_LEN(cases));
}

/* ---- Limits -------------------------------------------------------------------------------- */

/* `before`, `len` times 'x', `after` */
static struct buffer padded(const char *before, size_t len, const char *after)
{
    struct buffer out = buffer_capped(1 << 20);
    buffer_append_cstr(&out, before);
    for (size_t i = 0; i < len; i++)
        buffer_append_byte(&out, 'x');
    buffer_append_cstr(&out, after);
    return out;
}

static void an_item_has_a_limit(void **state)
{
    (void)state;
    static const struct {
        enum stream_format format;
        const char *before, *after;
        size_t quotes; /* of the item, besides the x */
    } cases[] = {
        { STREAM_EVENTS, "data: ", "\n\n", 0 }, { STREAM_EVENTS, "data: x\ndata: ", "\n\n", 2 },
        { STREAM_LINES, "\"", "\"\n", 2 },      { STREAM_JSON, "[\"", "\"]", 2 },
        { STREAM_JSON, " \"", "\" ", 2 },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const size_t most = ITEM_MAX - cases[i].quotes;
        for (size_t piece = 1; piece <= 4096; piece *= 64) {
            SCOPED(buffer) struct buffer fits = padded(cases[i].before, most, cases[i].after);
            SCOPED(buffer) struct buffer large = padded(cases[i].before, most + 1, cases[i].after);
            struct seen seen = split_in(cases[i].format, buffer_text(&fits), piece, piece);
            assert_error_code(seen.err, ERROR_NONE);
            assert_int_equal(seen.items.len, ITEM_MAX + 2);
            buffer_fini(&seen.items);
            seen = split_in(cases[i].format, buffer_text(&large), piece, piece);
            assert_error_code(seen.err, ERROR_RESOURCE_EXHAUSTED);
            assert_string_equal(seen.err.message, "an item is larger than 1024 bytes");
            assert_int_equal(seen.items.len, 0);
            buffer_fini(&seen.items);
        }
    }
}

static void what_is_passed_over_has_none(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after;
    } cases[] = {
        { ":", "\ndata: 1\n\n" }, { "id: ", "\ndata: 1\n\n" }, { "event: ", "\ndata: 1\n\n" },
        { "", "\ndata: 1\n\n" },  { "", ": y\ndata: 1\n\n" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        SCOPED(buffer)
        struct buffer body = padded(cases[i].before, 100 * (size_t)ITEM_MAX, cases[i].after);
        check(STREAM_EVENTS, buffer_text(&body), 100, 100, "<1>", "");
    }
}

static void nesting_has_a_limit(void **state)
{
    (void)state;
    enum { DEEPEST = 64 };
    static const enum stream_format formats[] = { STREAM_LINES, STREAM_JSON };
    for (size_t i = 0; i < ARRAY_LEN(formats); i++)
        for (size_t depth = DEEPEST; depth <= DEEPEST + 1; depth++) {
            SCOPED(buffer) struct buffer body = buffer_capped(1024);
            buffer_append_cstr(&body, formats[i] == STREAM_JSON ? "[" : "");
            for (size_t k = 0; k < depth; k++)
                buffer_append_byte(&body, '[');
            for (size_t k = 0; k < depth; k++)
                buffer_append_byte(&body, ']');
            buffer_append_cstr(&body, formats[i] == STREAM_JSON ? "]" : "\n");
            struct seen seen = split_in(formats[i], buffer_text(&body), 7, 7);
            assert_error_code(seen.err, depth == DEEPEST ? ERROR_NONE : ERROR_RESOURCE_EXHAUSTED);
            buffer_fini(&seen.items);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_content_type_says_how_to_cut),
        cmocka_unit_test(an_event_is_its_data),
        cmocka_unit_test(lines_of_events_end_in_three_ways),
        cmocka_unit_test(what_keeps_a_connection_busy_is_no_event),
        cmocka_unit_test(a_byte_order_mark_comes_first_or_not_at_all),
        cmocka_unit_test(an_event_named_error_is_told_apart),
        cmocka_unit_test(an_event_that_is_not_dispatched_is_lost),
        cmocka_unit_test(lines_are_documents),
        cmocka_unit_test(documents_may_stand_behind_each_other),
        cmocka_unit_test(an_array_is_its_elements),
        cmocka_unit_test(an_item_has_a_limit),
        cmocka_unit_test(what_is_passed_over_has_none),
        cmocka_unit_test(nesting_has_a_limit),
    };
    return cmocka_run_group_tests_name("stream split", tests, NULL, NULL);
}
