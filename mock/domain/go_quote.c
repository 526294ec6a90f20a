#include "mock/domain/go_quote.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Appends whole pieces only, so a cut never leaves half an escape or half a character. */
static bool append(struct go_quoted *out, size_t *len, const char *piece, size_t piece_len)
{
    if (*len + piece_len >= GO_QUOTED_MAX)
        return false;
    memcpy(out->text + *len, piece, piece_len);
    *len += piece_len;
    out->text[*len] = '\0';
    return true;
}

static const char *short_escape(uint32_t c)
{
    switch (c) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\a':
        return "\\a";
    case '\b':
        return "\\b";
    case '\f':
        return "\\f";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    case '\v':
        return "\\v";
    default:
        return NULL;
    }
}

/* Go prints letters, marks, numbers, punctuation, symbols and the ASCII space. Without its tables
 * we take all but controls, other spaces, format characters and private or unassigned planes. */
static bool is_printable(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } hidden[] = {
        { 0x00, 0x1F },       { 0x7F, 0xA0 },        { 0xAD, 0xAD },     { 0x1680, 0x1680 },
        { 0x2000, 0x200F },   { 0x2028, 0x202F },    { 0x205F, 0x206F }, { 0x3000, 0x3000 },
        { 0xD800, 0xF8FF },   { 0xFEFF, 0xFEFF },    { 0xFFF0, 0xFFFB }, { 0xFFFE, 0xFFFF },
        { 0xE0000, 0xE00FF }, { 0xE01F0, 0x10FFFF },
    };
    for (size_t i = 0; i < ARRAY_LEN(hidden); i++) {
        if (c >= hidden[i].first && c <= hidden[i].last)
            return false;
    }
    return true;
}

static size_t format_escape(char out[16], uint32_t c)
{
    int written = c < 0x80      ? snprintf(out, 16, "\\x%02x", c)
                  : c <= 0xFFFF ? snprintf(out, 16, "\\u%04x", c)
                                : snprintf(out, 16, "\\U%08x", c);
    return (size_t)written;
}

/* One character at the start of t; returns the bytes of t used, 0 when out has no more room. */
static size_t quote_next(struct go_quoted *out, size_t *len, struct text t)
{
    uint32_t c = 0;
    size_t used = text_utf8_next(t, &c);
    char escape[16];
    bool fits = false;
    if (used == 0) {
        int written = snprintf(escape, sizeof escape, "\\x%02x", (unsigned char)t.data[0]);
        fits = append(out, len, escape, (size_t)written);
        used = 1;
    } else if (short_escape(c) != NULL) {
        fits = append(out, len, short_escape(c), 2);
    } else if (is_printable(c)) {
        fits = append(out, len, t.data, used);
    } else {
        fits = append(out, len, escape, format_escape(escape, c));
    }
    return fits ? used : 0;
}

struct go_quoted go_quote(struct text t)
{
    struct go_quoted out = { .text = "\"" };
    size_t len = 1;
    while (t.len > 0) {
        size_t used = quote_next(&out, &len, t);
        if (used == 0)
            return out;
        t = (struct text){ t.data + used, t.len - used };
    }
    append(&out, &len, "\"", 1);
    return out;
}
