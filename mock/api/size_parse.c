#include "mock/api/size_parse.h"

#include <string.h>

#include "common/base/checked.h"
#include "mock/domain/go_quote.h"

static const struct {
    const char *word;
    unsigned shift; /* the unit is 1 << shift bytes */
} units[] = {
    { "", 0 },    { "b", 0 },     { "byte", 0 },      { "bytes", 0 },      { "k", 10 },
    { "kb", 10 }, { "kilo", 10 }, { "kilobyte", 10 }, { "kilobytes", 10 }, { "m", 20 },
    { "mb", 20 }, { "mega", 20 }, { "megabyte", 20 }, { "megabytes", 20 }, { "g", 30 },
    { "gb", 30 }, { "giga", 30 }, { "gigabyte", 30 }, { "gigabytes", 30 }, { "t", 40 },
    { "tb", 40 }, { "tera", 40 }, { "terabyte", 40 }, { "terabytes", 40 }, { "p", 50 },
    { "pb", 50 }, { "peta", 50 }, { "petabyte", 50 }, { "petabytes", 50 }, { "e", 60 },
    { "eb", 60 },
};

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct text trim(struct text t)
{
    while (t.len > 0 && is_blank(t.data[t.len - 1]))
        t.len--;
    while (t.len > 0 && is_blank(t.data[0]))
        t = (struct text){ t.data + 1, t.len - 1 };
    return t;
}

static bool ends_with(struct text t, struct text end)
{
    return t.len >= end.len && memcmp(t.data + t.len - end.len, end.data, end.len) == 0;
}

static struct text without_end(struct text t, struct text end)
{
    return ends_with(t, end) ? (struct text){ t.data, t.len - end.len } : t;
}

static bool refuse(struct text t, const char *why, struct error *err)
{
    return error_set(err, ERROR_INVALID_ARGUMENT, "strconv.UnmarshalText: parsing %s: %s",
                     go_quote(t).text, why);
}

/* "Gb": a capital prefix before a lower-case b would be bits (SIZE-004). */
static bool is_bit_unit(struct text unit)
{
    static const char prefixes[] = { 'K', 'M', 'G', 'T', 'P', 'E' };
    return unit.len == 2 && unit.data[1] == 'b' &&
           memchr(prefixes, unit.data[0], sizeof prefixes) != NULL;
}

static bool find_unit(struct text unit, unsigned *shift)
{
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (text_equal_nocase(unit, text_of(units[i].word))) {
            *shift = units[i].shift;
            return true;
        }
    }
    return false;
}

bool size_parse(struct text t, int64_t *bytes, struct error *err)
{
    *bytes = 0;
    if (t.len == 0)
        return true; /* SIZE-005 */

    size_t digits = 0;
    while (digits < t.len && t.data[digits] >= '0' && t.data[digits] <= '9')
        digits++;
    if (digits == 0)
        return refuse(t, "invalid syntax", err);

    uint64_t value = 0;
    if (!text_parse_u64((struct text){ t.data, digits }, &value))
        return refuse(t, "value out of range", err);

    const struct text unit = trim((struct text){ t.data + digits, t.len - digits });
    unsigned shift;
    if (is_bit_unit(unit))
        return refuse(t, "unit with capital unit prefix and lower case unit (b) - bits, not bytes ",
                      err);
    if (!find_unit(unit, &shift))
        return refuse(t, "invalid syntax", err);
    if (value > UINT64_MAX >> shift)
        return refuse(t, "value out of range", err);
    *bytes = (int64_t)(value << shift); /* wraps to negative as the server's does */
    return true;
}

bool size_parse_rate(struct text t, int64_t *bytes_per_second, struct error *err)
{
    return size_parse(without_end(without_end(t, TEXT("/s")), TEXT("ps")), bytes_per_second, err);
}

static bool parse_bits(struct text t, int64_t *bytes_per_second, struct error *err)
{
    int64_t factor = 1;
    int64_t number;
    struct text digits = t;

    if (ends_with(t, TEXT("k")))
        factor = 1000;
    else if (ends_with(t, TEXT("m")))
        factor = 1000000;
    else if (ends_with(t, TEXT("g")))
        factor = 1000000000;
    if (factor > 1)
        digits.len--;
    digits = trim(digits);

    if (!text_parse_i64(digits, &number) || !i64_mul(number, factor, &number))
        return error_set(err, ERROR_INVALID_ARGUMENT, "invalid number: " TEXT_FMT,
                         TEXT_ARGS(digits));
    *bytes_per_second = number / 8;
    return true;
}

bool size_parse_bandwidth(struct text t, int64_t *bytes_per_second, struct error *err)
{
    char lower[128];
    const struct text trimmed = trim(t);
    if (trimmed.len > sizeof lower) /* no number of that length fits */
        return error_set(err, ERROR_INVALID_ARGUMENT, "invalid number: " TEXT_FMT, TEXT_ARGS(t));
    for (size_t i = 0; i < trimmed.len; i++) {
        const char c = trimmed.data[i];
        lower[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    const struct text word = { lower, trimmed.len };

    if (ends_with(word, TEXT("bps")))
        return parse_bits(without_end(word, TEXT("bps")), bytes_per_second, err);
    const struct text bytes =
        ends_with(word, TEXT("/s")) ? without_end(word, TEXT("/s")) : without_end(word, TEXT("ps"));
    return size_parse(bytes, bytes_per_second, err) || error_prefix(err, "parse as bytes: ");
}
