#include "common/json/json_writer.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json/plain_run.h"

/* Length of the leading part that is written as it is. */
static size_t verbatim_len(struct text t, enum json_escape escape)
{
    bool html = escape == JSON_ESCAPE_HTML;
    size_t i = 0;
    while (i < t.len) {
        i += json_plain_run(t.data + i, t.len - i, html);
        uint32_t c;
        size_t n = text_utf8_next((struct text){ t.data + i, t.len - i }, &c);
        if (n < 2 || (html && (c == 0x2028 || c == 0x2029)))
            break; /* the end, an ASCII character to escape, or broken UTF-8 */
        i += n;
    }
    return i;
}

/* Writes the escape for what starts t, which verbatim_len stopped at; returns bytes consumed. */
static size_t escape_one(struct buffer *out, struct text t, enum json_escape escape)
{
    static const char named[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    unsigned char byte = (unsigned char)t.data[0];
    if (byte < 0x80) {
        const char *at = byte == 0 ? NULL : strchr(named, byte);
        if (at != NULL)
            buffer_append(out, (char[]){ '\\', letters[at - named] }, 2);
        else
            buffer_appendf(out, "\\u%04x", byte);
        return 1;
    }
    uint32_t c;
    size_t n = text_utf8_next(t, &c);
    if (n > 0)
        buffer_appendf(out, "\\u%04x", c);
    else /* U+FFFD; Go's encoder writes it as an escape */
        buffer_append_cstr(out, escape == JSON_ESCAPE_HTML ? "\\ufffd" : "\xEF\xBF\xBD");
    return n > 0 ? n : 1;
}

/* The quoted value, with a comma before and a colon behind where asked for. The usual string needs
 * no escape and costs one reservation. */
static bool append_quoted(struct buffer *out, bool comma, struct text value,
                          enum json_escape escape, bool colon)
{
    size_t run = verbatim_len(value, escape);
    if (run == value.len && run <= SIZE_MAX - 4) {
        size_t len = run + 2 + (comma ? 1 : 0) + (colon ? 1 : 0);
        char *at = buffer_reserve(out, len);
        if (at == NULL)
            return false;
        if (comma)
            *at++ = ',';
        *at++ = '"';
        if (run > 0)
            memcpy(at, value.data, run);
        at[run] = '"';
        if (colon)
            at[run + 1] = ':';
        buffer_commit(out, len);
        return true;
    }

    buffer_append(out, comma ? ",\"" : "\"", comma ? 2 : 1);
    while (value.len > 0 && !out->failed) {
        buffer_append(out, value.data, run);
        value = (struct text){ value.data + run, value.len - run };
        if (value.len > 0) {
            size_t n = escape_one(out, value, escape);
            value = (struct text){ value.data + n, value.len - n };
        }
        run = verbatim_len(value, escape);
    }
    return buffer_append(out, "\":", colon ? 2 : 1);
}

bool json_append_string(struct buffer *out, struct text value, enum json_escape escape)
{
    return append_quoted(out, false, value, escape, false);
}

struct json_writer json_writer_to(struct buffer *out, enum json_escape escape)
{
    return (struct json_writer){ .out = out, .escape = escape };
}

/* Whether this element needs a comma; the next one will. */
static bool take_comma(struct json_writer *w)
{
    bool comma = w->need_comma;
    w->need_comma = true;
    return comma;
}

/* A scalar or a bracket with its comma. */
static void put(struct json_writer *w, const char *bytes, size_t len)
{
    size_t comma = take_comma(w) ? 1 : 0;
    char *at = len > SIZE_MAX - 1 ? NULL : buffer_reserve(w->out, comma + len);
    if (at == NULL)
        return;
    at[0] = ',';
    if (len > 0)
        memcpy(at + comma, bytes, len);
    buffer_commit(w->out, comma + len);
}

static void begin(struct json_writer *w, char bracket)
{
    put(w, &bracket, 1);
    w->need_comma = false;
    w->depth++;
}

static void end(struct json_writer *w, char bracket)
{
    assert(w->depth > 0);
    w->depth--;
    w->need_comma = true;
    buffer_append_byte(w->out, (uint8_t)bracket);
}

void json_write_object_begin(struct json_writer *w)
{
    begin(w, '{');
}

void json_write_object_end(struct json_writer *w)
{
    end(w, '}');
}

void json_write_array_begin(struct json_writer *w)
{
    begin(w, '[');
}

void json_write_array_end(struct json_writer *w)
{
    end(w, ']');
}

void json_write_key(struct json_writer *w, struct text key)
{
    assert(w->depth > 0);
    append_quoted(w->out, take_comma(w), key, w->escape, true);
    w->need_comma = false;
}

void json_write_null(struct json_writer *w)
{
    put(w, "null", 4);
}

void json_write_bool(struct json_writer *w, bool value)
{
    put(w, value ? "true" : "false", value ? 4 : 5);
}

static void put_decimal(struct json_writer *w, uint64_t magnitude, bool negative)
{
    char digits[20 + 1];
    char *at = digits + sizeof digits;
    do {
        *--at = (char)('0' + magnitude % 10);
        magnitude /= 10;
    } while (magnitude > 0);
    if (negative)
        *--at = '-';
    put(w, at, (size_t)(digits + sizeof digits - at));
}

void json_write_i64(struct json_writer *w, int64_t value)
{
    put_decimal(w, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0);
}

void json_write_u64(struct json_writer *w, uint64_t value)
{
    put_decimal(w, value, false);
}

/* Tries precisions until the text reads back as the same value. Below 15 (6 for float) digits
 * nothing is gained for normal numbers, as %g drops trailing zeros; tiny subnormals carry fewer
 * digits and are tried from 1. */
static void put_shortest(struct json_writer *w, double value, bool is_float)
{
    assert(isfinite(value));
    double magnitude = fabs(value);
    if (magnitude < 1e15 && magnitude == (double)(int64_t)magnitude && !signbit(value)) {
        json_write_i64(w, (int64_t)value); /* 4, not 4.0 (JSON-006) */
        return;
    }
    bool subnormal = magnitude < (is_float ? 0x1p-126 : 0x1p-1022);
    int precision = subnormal ? 1 : is_float ? 6 : 15;
    char text[32];
    for (; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*g", precision, value);
        if (is_float ? (double)strtof(text, NULL) == value : strtod(text, NULL) == value)
            break;
    }
    put(w, text, strlen(text));
}

void json_write_double(struct json_writer *w, double value)
{
    put_shortest(w, value, false);
}

void json_write_float(struct json_writer *w, float value)
{
    put_shortest(w, (double)value, true);
}

void json_write_string(struct json_writer *w, struct text value)
{
    append_quoted(w->out, take_comma(w), value, w->escape, false);
}

void json_write_raw(struct json_writer *w, struct text json)
{
    put(w, json.data, json.len);
}

void json_member_string(struct json_writer *w, const char *key, struct text value)
{
    json_write_key(w, text_of(key));
    json_write_string(w, value);
}

void json_member_i64(struct json_writer *w, const char *key, int64_t value)
{
    json_write_key(w, text_of(key));
    json_write_i64(w, value);
}

void json_member_bool(struct json_writer *w, const char *key, bool value)
{
    json_write_key(w, text_of(key));
    json_write_bool(w, value);
}

void json_member_null(struct json_writer *w, const char *key)
{
    json_write_key(w, text_of(key));
    json_write_null(w);
}
