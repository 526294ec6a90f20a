#include "mock/api/pattern.h"

#include <stddef.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower_or_digit(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z');
}

static bool is_name(struct text t)
{
    if (t.len == 0 || !is_lower_or_digit(t.data[0]) || !is_lower_or_digit(t.data[t.len - 1]))
        return false;
    for (size_t i = 0; i < t.len; i++) {
        if (!is_lower_or_digit(t.data[i]) && t.data[i] != '-')
            return false;
    }
    return true;
}

static bool is_tag_value(struct text t)
{
    for (size_t i = 0; i < t.len; i++) {
        switch (t.data[i]) {
        case 'A' ... 'Z':
        case 'a' ... 'z':
        case '0' ... '9':
        case ' ':
        case '_':
        case '.':
        case ':':
        case '/':
        case '=':
        case '+':
        case '@':
        case '-':
            break;
        default:
            return false;
        }
    }
    return true;
}

static bool is_platform_part(struct text part, bool dots)
{
    for (size_t i = 0; i < part.len; i++) {
        if (!is_lower_or_digit(part.data[i]) && !(dots && part.data[i] == '.'))
            return false;
    }
    return part.len > 0;
}

static bool is_platform(struct text t)
{
    struct text rest = t;
    const struct text os = text_split(&rest, '/');
    if (!is_platform_part(os, false) || rest.data == NULL)
        return false;
    const struct text arch = text_split(&rest, '/');
    if (!is_platform_part(arch, false))
        return false;
    return rest.data == NULL || is_platform_part(rest, true);
}

static bool two_digits(const char *s, int low, int high)
{
    if (!is_digit(s[0]) || !is_digit(s[1]))
        return false;
    const int value = (s[0] - '0') * 10 + (s[1] - '0');
    return value >= low && value <= high;
}

/* (Z|(\+|-)[0-9]{2}:[0-9]{2})? and nothing after it. */
static bool is_offset(struct text t)
{
    if (t.len == 0 || (t.len == 1 && t.data[0] == 'Z'))
        return true;
    return t.len == 6 && (t.data[0] == '+' || t.data[0] == '-') && two_digits(t.data + 1, 0, 99) &&
           t.data[3] == ':' && two_digits(t.data + 4, 0, 99);
}

static bool is_date_time(struct text t)
{
    enum { SECONDS_END = 19 }; /* "2026-08-21T18:00:00" */
    const char *s = t.data;

    if (t.len < SECONDS_END)
        return false;
    if (!two_digits(s, 0, 99) || !two_digits(s + 2, 0, 99) || s[4] != '-' ||
        !two_digits(s + 5, 1, 12) || s[7] != '-' || !two_digits(s + 8, 1, 31) || s[10] != 'T' ||
        !two_digits(s + 11, 0, 23) || s[13] != ':' || !two_digits(s + 14, 0, 59) || s[16] != ':' ||
        !two_digits(s + 17, 0, 60))
        return false;

    size_t at = SECONDS_END;
    if (at < t.len && s[at] == '.') {
        const size_t fraction = ++at;
        while (at < t.len && is_digit(s[at]))
            at++;
        if (at == fraction)
            return false;
    }
    return is_offset((struct text){ s + at, t.len - at });
}

const struct pattern pattern_name = { "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", is_name };
const struct pattern pattern_tag_value = { "^[A-Za-z0-9 _.:/=+@-]*$", is_tag_value };
const struct pattern pattern_platform = { "^[a-z0-9]+/[a-z0-9]+(/[a-z0-9.]+)?$", is_platform };
const struct pattern pattern_date_time = {
    "^[0-9]{4}-(0[1-9]|10|11|12)-(0[1-9]|[12][0-9]|3[01])T([0-1][0-9]|2[0-3]):[0-5][0-9]:"
    "([0-5][0-9]|60)(\\.[0-9]+)?(Z|(\\+|-)[0-9]{2}:[0-9]{2})?$",
    is_date_time,
};
