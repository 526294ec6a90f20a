#include "common/base/text.h"

#include <limits.h>
#include <string.h>

struct text text_of(const char *cstr)
{
    return cstr == NULL ? (struct text){ NULL, 0 } : (struct text){ cstr, strlen(cstr) };
}

int text_print_len(struct text t)
{
    return t.len > INT_MAX ? INT_MAX : (int)t.len;
}

bool text_equal(struct text a, struct text b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool text_equal_cstr(struct text a, const char *b)
{
    return text_equal(a, text_of(b));
}

static unsigned char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : (unsigned char)c;
}

bool text_equal_nocase(struct text a, struct text b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (ascii_lower(a.data[i]) != ascii_lower(b.data[i]))
            return false;
    return true;
}

bool text_starts_with(struct text t, struct text prefix)
{
    return t.len >= prefix.len && text_equal((struct text){ t.data, prefix.len }, prefix);
}

int text_compare(struct text a, struct text b)
{
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = shared == 0 ? 0 : memcmp(a.data, b.data, shared);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

struct text text_split(struct text *rest, char separator)
{
    struct text part = *rest;
    const char *at = part.len == 0 ? NULL : memchr(part.data, separator, part.len);
    if (at == NULL) {
        *rest = (struct text){ NULL, 0 };
        return part;
    }
    part.len = (size_t)(at - part.data);
    *rest = (struct text){ at + 1, rest->len - part.len - 1 };
    return part;
}

bool text_parse_u64(struct text t, uint64_t *out)
{
    uint64_t value = 0;
    if (t.len == 0)
        return false;
    for (size_t i = 0; i < t.len; i++) {
        if (t.data[i] < '0' || t.data[i] > '9')
            return false;
        if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
            __builtin_add_overflow(value, (uint64_t)(t.data[i] - '0'), &value))
            return false;
    }
    *out = value;
    return true;
}

bool text_parse_i64(struct text t, int64_t *out)
{
    bool negative = t.len > 0 && t.data[0] == '-';
    if (negative || (t.len > 0 && t.data[0] == '+')) {
        t.data++;
        t.len--;
    }
    uint64_t magnitude;
    if (!text_parse_u64(t, &magnitude))
        return false;
    if (magnitude > (uint64_t)INT64_MAX + (negative ? 1 : 0))
        return false;
    /* Through -(m - 1) - 1, as INT64_MIN has no positive twin. */
    *out = negative && magnitude > 0 ? -(int64_t)(magnitude - 1) - 1 : (int64_t)magnitude;
    return true;
}

size_t text_utf8_next(struct text t, uint32_t *code_point)
{
    if (t.len == 0)
        return 0;
    const unsigned char *s = (const unsigned char *)t.data;
    uint32_t value = s[0];
    size_t len;
    unsigned char low = 0x80;  /* range of the second byte: narrower for */
    unsigned char high = 0xBF; /* overlong forms, surrogates, > U+10FFFF */
    if (value < 0x80) {
        len = 1;
    } else if (value < 0xC2) {
        return 0;
    } else if (value < 0xE0) {
        len = 2;
        value &= 0x1F;
    } else if (value < 0xF0) {
        len = 3;
        low = value == 0xE0 ? 0xA0 : low;
        high = value == 0xED ? 0x9F : high;
        value &= 0x0F;
    } else if (value < 0xF5) {
        len = 4;
        low = value == 0xF0 ? 0x90 : low;
        high = value == 0xF4 ? 0x8F : high;
        value &= 0x07;
    } else {
        return 0;
    }
    if (len > t.len)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if (s[i] < low || s[i] > high)
            return 0;
        value = value << 6 | (s[i] & 0x3F);
        low = 0x80;
        high = 0xBF;
    }
    if (code_point != NULL)
        *code_point = value;
    return len;
}

/* Most text is ASCII: eight bytes at a time. */
static size_t ascii_run(struct text t)
{
    size_t i = 0;
    for (uint64_t word; t.len - i >= sizeof word; i += sizeof word) {
        memcpy(&word, t.data + i, sizeof word);
        if ((word & UINT64_C(0x8080808080808080)) != 0)
            break;
    }
    while (i < t.len && (unsigned char)t.data[i] < 0x80)
        i++;
    return i;
}

static struct text skip(struct text t, size_t n)
{
    return (struct text){ t.data + n, t.len - n };
}

bool text_is_utf8(struct text t)
{
    while (t.len > 0) {
        size_t n = ascii_run(t);
        if (n == 0)
            n = text_utf8_next(t, NULL);
        if (n == 0)
            return false;
        t = skip(t, n);
    }
    return true;
}

size_t text_count_chars(struct text t)
{
    size_t count = 0;
    while (t.len > 0) {
        size_t ascii = ascii_run(t);
        size_t n = ascii > 0 ? ascii : text_utf8_next(t, NULL);
        count += ascii > 0 ? ascii : 1;
        t = skip(t, n > 0 ? n : 1);
    }
    return count;
}

size_t text_cut_len(struct text t, size_t max)
{
    if (t.len <= max)
        return t.len;
    for (size_t back = 1; back <= 3 && back <= max; back++)
        if (text_utf8_next(skip(t, max - back), NULL) > back)
            return max - back;
    return max;
}

enum { NEAREST_MAX = 48 }; /* longer words are nobody's typo of an option */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t edit_distance(struct text a, struct text b)
{
    size_t row[NEAREST_MAX + 1];
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t replace = diagonal + (a.data[i - 1] == b.data[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = least(replace, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[b.len];
}

const char *text_nearest(const char *word, const char *const *candidates)
{
    struct text given = text_of(word);
    if (given.len == 0 || given.len > NEAREST_MAX)
        return NULL;
    const char *best = NULL;
    size_t best_distance = (given.len + 2) / 3 + 1; /* about one letter in three may be wrong */
    for (; *candidates != NULL; candidates++) {
        struct text candidate = text_of(*candidates);
        if (candidate.len > NEAREST_MAX)
            continue;
        size_t distance = edit_distance(given, candidate);
        if (distance < best_distance) {
            best = *candidates;
            best_distance = distance;
        }
    }
    return best;
}
