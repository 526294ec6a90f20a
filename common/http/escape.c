#include "common/http/escape.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/base/checked.h"

/* Bit s of kept[c] is set where enum escape_set s leaves the byte as it is. */
enum {
    IN_QUERY_KEY = 1 << ESCAPE_QUERY_KEY,
    UNRESERVED = 1 << ESCAPE_SEGMENT | 1 << ESCAPE_QUERY | IN_QUERY_KEY,
};

static const uint8_t kept[256] = {
    ['0' ... '9'] = UNRESERVED, ['A' ... 'Z'] = UNRESERVED, ['a' ... 'z'] = UNRESERVED,
    ['-'] = UNRESERVED,         ['.'] = UNRESERVED,         ['_'] = UNRESERVED,
    ['~'] = UNRESERVED,         ['['] = IN_QUERY_KEY,       [']'] = IN_QUERY_KEY,
};

bool escape_append(struct buffer *out, struct text t, enum escape_set set)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t escaped = 0;
    for (size_t i = 0; i < t.len; i++)
        escaped += (kept[(unsigned char)t.data[i]] >> set & 1) == 0;
    if (escaped == 0)
        return buffer_append_text(out, t);

    size_t len;
    if (!size_mul(escaped, 2, &len) || !size_add(len, t.len, &len))
        len = SIZE_MAX; /* refused by the buffer */
    char *at = buffer_reserve(out, len);
    if (at == NULL)
        return false;
    for (size_t i = 0; i < t.len; i++) {
        unsigned char c = (unsigned char)t.data[i];
        if ((kept[c] >> set & 1) != 0) {
            *at++ = (char)c;
            continue;
        }
        *at++ = '%';
        *at++ = hex[c >> 4];
        *at++ = hex[c & 15];
    }
    buffer_commit(out, len);
    return true;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Up to three bytes as Go's %q writes them, with every byte that is not printable ASCII or part
 * of a UTF-8 character as \xNN. */
static bool bad_escape(struct text at, struct error *err)
{
    char quoted[3 * 4 + 1];
    size_t len = 0;
    struct text shown = { at.data, at.len < 3 ? at.len : 3 };
    while (shown.len > 0) {
        unsigned char c = (unsigned char)shown.data[0];
        size_t n = text_utf8_next(shown, NULL);
        if (n == 0 || c < ' ' || c == 0x7F) {
            n = 1;
            len += (size_t)snprintf(quoted + len, sizeof quoted - len, "\\x%02x", c);
        } else {
            if (c == '"' || c == '\\')
                quoted[len++] = '\\';
            memcpy(quoted + len, shown.data, n);
            len += n;
        }
        shown = (struct text){ shown.data + n, shown.len - n };
    }
    return error_set(err, ERROR_INVALID_ARGUMENT, "invalid URL escape \"%.*s\"", (int)len, quoted);
}

bool unescape(struct text t, bool plus_is_space, struct arena *arena, struct text *out,
              struct error *err)
{
    char *decoded = arena_copy(arena, t); /* decoding only shrinks */
    if (decoded == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    size_t len = 0;
    for (size_t i = 0; i < t.len; i++) {
        char c = t.data[i];
        if (c == '%') {
            int high = t.len - i > 2 ? hex_value(t.data[i + 1]) : -1;
            int low = high >= 0 ? hex_value(t.data[i + 2]) : -1;
            if (low < 0)
                return bad_escape((struct text){ t.data + i, t.len - i }, err);
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        decoded[len++] = c;
    }
    decoded[len] = '\0';
    *out = (struct text){ decoded, len };
    return true;
}
