#include "common/json/json_reader.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/base/checked.h"
#include "common/json/plain_run.h"

/* What the grammar allows next. */
enum expect {
    EXPECT_VALUE,
    EXPECT_VALUE_OR_END, /* after '['              */
    EXPECT_KEY,          /* after ',' in an object */
    EXPECT_KEY_OR_END,   /* after '{'              */
    EXPECT_COMMA_OR_END, /* after a value          */
    EXPECT_NOTHING,      /* the one value is done  */
};

struct json_reader json_reader_from(struct text input, struct arena *arena)
{
    return (struct json_reader){ .input = input, .arena = arena, .max_depth = JSON_MAX_DEPTH };
}

/* The byte as Go quotes it: read as a Latin-1 character, so a byte-order mark starts with 'ï'. */
static const char *quote_byte(unsigned char c, char out[static 12])
{
    static const char named[] = "\a\b\f\n\r\t\v\\'";
    static const char letters[] = "abfnrtv\\'";
    const char *special = c == '\0' ? NULL : strchr(named, c);
    if (special != NULL)
        snprintf(out, 12, "'\\%c'", letters[special - named]);
    else if (c < ' ' || c == 0x7F)
        snprintf(out, 12, "'\\x%02x'", c);
    else if (c < 0x80)
        snprintf(out, 12, "'%c'", c);
    else if (c <= 0xA0 || c == 0xAD) /* not printable */
        snprintf(out, 12, "'\\u%04x'", c);
    else
        snprintf(out, 12, "'%c%c'", 0xC0 | c >> 6, 0x80 | (c & 0x3F));
    return out;
}

/* Complains about the byte at r->at, or about the end of the input. */
static bool unexpected(const struct json_reader *r, const char *context, struct error *err)
{
    char quoted[12];
    if (r->at >= r->input.len)
        error_set(err, ERROR_INVALID_ARGUMENT, "unexpected EOF");
    else
        error_set(err, ERROR_INVALID_ARGUMENT, "invalid character %s %s",
                  quote_byte((unsigned char)r->input.data[r->at], quoted), context);
    return false;
}

/* The byte at r->at; -1 at the end. */
static int peek(const struct json_reader *r)
{
    return r->at < r->input.len ? (unsigned char)r->input.data[r->at] : -1;
}

static int peek_past_blanks(struct json_reader *r)
{
    int c = peek(r);
    while (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
        r->at++;
        c = peek(r);
    }
    return c;
}

static bool in_object(const struct json_reader *r)
{
    return r->depth > 0 && (r->in_object >> (r->depth - 1) & 1) != 0;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static int hex_value(int c)
{
    if (is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Moves past one escape, r->at being just behind its backslash. */
static bool check_escape(struct json_reader *r, struct error *err)
{
    int c = peek(r);
    if (c < 0 || c == '\0' || strchr("\"\\/bfnrtu", c) == NULL)
        return unexpected(r, "in string escape code", err);
    r->at++;
    for (int i = 0; c == 'u' && i < 4; i++, r->at++)
        if (hex_value(peek(r)) < 0)
            return unexpected(r, "in \\u hexadecimal character escape", err);
    return true;
}

static uint32_t read_hex4(const char *s)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++)
        value = value << 4 | (uint32_t)hex_value((unsigned char)s[i]);
    return value;
}

static char *write_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        *out++ = (char)c;
    } else if (c < 0x800) {
        *out++ = (char)(0xC0 | c >> 6);
        *out++ = (char)(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        *out++ = (char)(0xE0 | c >> 12);
        *out++ = (char)(0x80 | (c >> 6 & 0x3F));
        *out++ = (char)(0x80 | (c & 0x3F));
    } else {
        *out++ = (char)(0xF0 | c >> 18);
        *out++ = (char)(0x80 | (c >> 12 & 0x3F));
        *out++ = (char)(0x80 | (c >> 6 & 0x3F));
        *out++ = (char)(0x80 | (c & 0x3F));
    }
    return out;
}

/* Decodes the \uXXXX at s[0..5] with the low surrogate that may follow it; a surrogate without
 * its partner becomes U+FFFD (VALID-039). Returns how many bytes were used. */
static size_t decode_unicode_escape(const char *s, size_t len, char **out)
{
    uint32_t c = read_hex4(s + 2);
    size_t used = 6;
    if (c >= 0xD800 && c <= 0xDBFF && len >= 12 && s[6] == '\\' && s[7] == 'u') {
        uint32_t low = read_hex4(s + 8);
        if (low >= 0xDC00 && low <= 0xDFFF) {
            c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
            used = 12;
        }
    }
    if (c >= 0xD800 && c <= 0xDFFF)
        c = 0xFFFD;
    *out = write_utf8(*out, c);
    return used;
}

/* Decodes a string that check_string accepted. `out` has room: escapes shrink, and the caller
 * added two bytes for every invalid one. */
static size_t decode_string(struct text raw, char *out)
{
    static const char short_forms[] = "bfnrt";
    static const char short_values[] = "\b\f\n\r\t";
    char *start = out;
    for (size_t i = 0; i < raw.len;) {
        struct text rest = { raw.data + i, raw.len - i };
        size_t n = json_plain_run(rest.data, rest.len, false);
        if (n == 0 && rest.data[0] != '\\')
            n = text_utf8_next(rest, NULL);
        if (n > 0) {
            memcpy(out, rest.data, n);
            out += n;
            i += n;
        } else if (rest.data[0] != '\\') {
            out = write_utf8(out, 0xFFFD);
            i += 1;
        } else if (rest.data[1] == 'u') {
            i += decode_unicode_escape(rest.data, rest.len, &out);
        } else {
            const char *form = strchr(short_forms, rest.data[1]);
            *out++ = form == NULL ? rest.data[1] : short_values[form - short_forms];
            i += 2;
        }
    }
    return (size_t)(out - start);
}

/* Moves past a string whose quote is at r->at. *raw is what stands between the quotes. */
static bool check_string(struct json_reader *r, struct text *raw, bool *as_is, size_t *invalid,
                         struct error *err)
{
    size_t start = ++r->at;
    *as_is = true;
    *invalid = 0;
    for (;;) {
        r->at += json_plain_run(r->input.data + r->at, r->input.len - r->at, false);
        int c = peek(r);
        if (c == '"')
            break;
        if (c < ' ') /* and the end */
            return unexpected(r, "in string literal", err);
        if (c == '\\') {
            r->at++;
            *as_is = false;
            if (!check_escape(r, err))
                return false;
            continue;
        }
        size_t n =
            text_utf8_next((struct text){ r->input.data + r->at, r->input.len - r->at }, NULL);
        if (n == 0) {
            *as_is = false;
            *invalid += 1;
        }
        r->at += n == 0 ? 1 : n;
    }
    *raw = (struct text){ r->input.data + start, r->at - start };
    r->at++;
    return true;
}

static bool read_string(struct json_reader *r, struct text *text, struct error *err)
{
    bool as_is = true;
    size_t invalid = 0;
    *text = TEXT("");
    if (!check_string(r, text, &as_is, &invalid, err))
        return false;
    if (as_is || r->arena == NULL)
        return true;

    size_t room;
    char *decoded = size_mul(invalid, 2, &room) && size_add(room, text->len, &room)
                        ? arena_alloc(r->arena, room)
                        : NULL;
    if (decoded == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    *text = (struct text){ decoded, decode_string(*text, decoded) };
    return true;
}

static void skip_digits(struct json_reader *r)
{
    while (is_digit(peek(r)))
        r->at++;
}

static bool read_number(struct json_reader *r, struct text *text, struct error *err)
{
    size_t start = r->at;
    if (peek(r) == '-')
        r->at++;
    if (!is_digit(peek(r)))
        return unexpected(r, "in numeric literal", err);
    if (peek(r) == '0')
        r->at++; /* 01 is the value 0 and then an unexpected 1 */
    else
        skip_digits(r);
    if (peek(r) == '.') {
        r->at++;
        if (!is_digit(peek(r)))
            return unexpected(r, "after decimal point in numeric literal", err);
        skip_digits(r);
    }
    if (peek(r) == 'e' || peek(r) == 'E') {
        r->at++;
        if (peek(r) == '+' || peek(r) == '-')
            r->at++;
        if (!is_digit(peek(r)))
            return unexpected(r, "in exponent of numeric literal", err);
        skip_digits(r);
    }
    *text = (struct text){ r->input.data + start, r->at - start };
    return true;
}

static bool read_literal(struct json_reader *r, const char *literal, struct error *err)
{
    for (const char *expected = literal; *expected != '\0'; expected++, r->at++) {
        char context[48];
        if (peek(r) == *expected)
            continue;
        snprintf(context, sizeof context, "in literal %s (expecting '%c')", literal, *expected);
        return unexpected(r, context, err);
    }
    return true;
}

static void value_done(struct json_reader *r)
{
    r->expect = r->depth == 0 ? EXPECT_NOTHING : EXPECT_COMMA_OR_END;
}

static bool open_level(struct json_reader *r, bool object, struct error *err)
{
    assert(r->max_depth <= JSON_MAX_DEPTH);
    if (r->depth >= r->max_depth)
        return error_set(err, ERROR_RESOURCE_EXHAUSTED, "JSON nested deeper than %u levels",
                         r->max_depth);
    uint64_t bit = UINT64_C(1) << r->depth;
    r->in_object = object ? r->in_object | bit : r->in_object & ~bit;
    r->depth++;
    r->at++;
    r->expect = object ? EXPECT_KEY_OR_END : EXPECT_VALUE_OR_END;
    return true;
}

static bool close_level(struct json_reader *r, enum json_token *token)
{
    *token = in_object(r) ? JSON_TOKEN_OBJECT_END : JSON_TOKEN_ARRAY_END;
    r->depth--;
    r->at++;
    value_done(r);
    return true;
}

static bool read_value(struct json_reader *r, int c, enum json_token *token, struct text *text,
                       struct error *err)
{
    bool ok;
    switch (c) {
    case '{':
        *token = JSON_TOKEN_OBJECT_BEGIN;
        return open_level(r, true, err);
    case '[':
        *token = JSON_TOKEN_ARRAY_BEGIN;
        return open_level(r, false, err);
    case '"':
        *token = JSON_TOKEN_STRING;
        ok = read_string(r, text, err);
        break;
    case 't':
        *token = JSON_TOKEN_TRUE;
        ok = read_literal(r, "true", err);
        break;
    case 'f':
        *token = JSON_TOKEN_FALSE;
        ok = read_literal(r, "false", err);
        break;
    case 'n':
        *token = JSON_TOKEN_NULL;
        ok = read_literal(r, "null", err);
        break;
    default:
        if (c != '-' && !is_digit(c))
            return unexpected(r, "looking for beginning of value", err);
        *token = JSON_TOKEN_NUMBER;
        ok = read_number(r, text, err);
        break;
    }
    if (ok)
        value_done(r);
    return ok;
}

static bool read_key(struct json_reader *r, int c, enum json_token *token, struct text *text,
                     struct error *err)
{
    if (c != '"')
        return unexpected(r, "looking for beginning of object key string", err);
    if (!read_string(r, text, err))
        return false;
    if (peek_past_blanks(r) != ':')
        return unexpected(r, "after object key", err);
    r->at++;
    *token = JSON_TOKEN_KEY;
    r->expect = EXPECT_VALUE;
    return true;
}

static bool read_end(struct json_reader *r, enum json_token *token, struct error *err)
{
    *token = JSON_TOKEN_END;
    if (!r->allow_trailing && peek_past_blanks(r) >= 0)
        return unexpected(r, "after top-level value", err);
    return true;
}

bool json_next(struct json_reader *r, enum json_token *token, struct text *text, struct error *err)
{
    if (r->expect == EXPECT_NOTHING)
        return read_end(r, token, err);

    int c = peek_past_blanks(r);
    if (c < 0 && r->expect == EXPECT_VALUE && r->depth == 0)
        return error_set(err, ERROR_INVALID_ARGUMENT, "EOF");
    if (r->expect == EXPECT_COMMA_OR_END) {
        if (c == (in_object(r) ? '}' : ']'))
            return close_level(r, token);
        if (c != ',')
            return unexpected(
                r, in_object(r) ? "after object key:value pair" : "after array element", err);
        r->at++;
        r->expect = in_object(r) ? EXPECT_KEY : EXPECT_VALUE;
        c = peek_past_blanks(r);
    }
    if ((r->expect == EXPECT_VALUE_OR_END && c == ']') ||
        (r->expect == EXPECT_KEY_OR_END && c == '}'))
        return close_level(r, token);
    if (r->expect == EXPECT_KEY || r->expect == EXPECT_KEY_OR_END)
        return read_key(r, c, token, text, err);
    return read_value(r, c, token, text, err);
}

bool json_skip(struct json_reader *r, enum json_token token, struct error *err)
{
    if (token != JSON_TOKEN_OBJECT_BEGIN && token != JSON_TOKEN_ARRAY_BEGIN)
        return true;
    struct arena *arena = r->arena;
    struct text unused;
    uint32_t outside = r->depth - 1;
    bool ok = true;
    r->arena = NULL; /* nobody will read these strings */
    while (ok && r->depth > outside)
        ok = json_next(r, &token, &unused, err);
    r->arena = arena;
    return ok;
}

bool json_check(struct text input, bool allow_trailing, struct error *err)
{
    struct json_reader r = json_reader_from(input, NULL);
    enum json_token token = JSON_TOKEN_END;
    struct text unused;
    r.allow_trailing = allow_trailing;
    do {
        if (!json_next(&r, &token, &unused, err))
            return false;
    } while (token != JSON_TOKEN_END);
    return true;
}
