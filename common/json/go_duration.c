#include "common/json/go_duration.h"

#include <stdio.h>
#include <string.h>

#include "common/base/checked.h"
#include "common/env/env.h"

enum { QUOTED_MAX = 512 };

static const struct {
    const char *name;
    uint64_t ns;
} units[] = {
    { "ns", 1 },         { "us", 1000 },      { "\u00b5s", 1000 }, /* micro sign   */
    { "\u03bcs", 1000 },                                           /* Greek letter */
    { "ms", NS_PER_MS }, { "s", NS_PER_SEC }, { "m", 60 * NS_PER_SEC }, { "h", 3600 * NS_PER_SEC },
};

static const uint64_t magnitude_max = UINT64_C(1) << 63; /* reached by negative values only */

/* As Go's time package quotes: '"' and '\' get a backslash, control and non-ASCII bytes become
 * \xNN. Cut, still closed, when it would not fit an error message anyway. */
static const char *quote(struct text t, char out[static QUOTED_MAX])
{
    size_t at = 0;
    out[at++] = '"';
    for (size_t i = 0; i < t.len && at < QUOTED_MAX - 8; i++) {
        unsigned char c = (unsigned char)t.data[i];
        if (c < ' ' || c >= 0x80) {
            at += (size_t)snprintf(out + at, QUOTED_MAX - at, "\\x%02x", c);
            continue;
        }
        if (c == '"' || c == '\\')
            out[at++] = '\\';
        out[at++] = (char)c;
    }
    out[at++] = '"';
    out[at] = '\0';
    return out;
}

static bool invalid(struct text whole, struct error *err)
{
    char quoted[QUOTED_MAX];
    return error_set(err, ERROR_INVALID_ARGUMENT, "time: invalid duration %s",
                     quote(whole, quoted));
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static struct text skip(struct text t, size_t n)
{
    return (struct text){ t.data + n, t.len - n };
}

/* Digits up to 2^63; false when larger. */
static bool read_whole(struct text *t, uint64_t *out)
{
    uint64_t value = 0;
    for (; t->len > 0 && is_digit(t->data[0]); *t = skip(*t, 1)) {
        if (value > magnitude_max / 10)
            return false;
        value = value * 10 + (uint64_t)(t->data[0] - '0');
        if (value > magnitude_max)
            return false;
    }
    *out = value;
    return true;
}

/* Digits after the point as value/scale; those beyond 63 bits add nothing and are dropped. */
static void read_fraction(struct text *t, uint64_t *value, double *scale)
{
    bool full = false;
    *value = 0;
    *scale = 1;
    for (; t->len > 0 && is_digit(t->data[0]); *t = skip(*t, 1)) {
        uint64_t next = 0;
        if (!full && *value <= (magnitude_max - 1) / 10)
            next = *value * 10 + (uint64_t)(t->data[0] - '0');
        full = full || *value > (magnitude_max - 1) / 10 || next > magnitude_max;
        if (full)
            continue;
        *value = next;
        *scale *= 10;
    }
}

static uint64_t unit_ns(struct text name)
{
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (text_equal_cstr(name, units[i].name))
            return units[i].ns;
    return 0;
}

/* One "number unit" group, added to *total. */
static bool read_group(struct text whole, struct text *t, uint64_t *total, struct error *err)
{
    size_t before = t->len;
    uint64_t value;
    uint64_t fraction = 0;
    double scale = 1;
    if (!read_whole(t, &value))
        return invalid(whole, err);
    size_t digits = before - t->len;
    if (t->len > 0 && t->data[0] == '.') {
        *t = skip(*t, 1);
        before = t->len;
        read_fraction(t, &fraction, &scale);
        digits += before - t->len;
    }
    if (digits == 0)
        return invalid(whole, err);

    struct text unit = { t->data, 0 };
    while (unit.len < t->len && t->data[unit.len] != '.' && !is_digit(t->data[unit.len]))
        unit.len++;
    *t = skip(*t, unit.len);
    char quoted[QUOTED_MAX];
    char quoted_unit[QUOTED_MAX];
    if (unit.len == 0)
        return error_set(err, ERROR_INVALID_ARGUMENT, "time: missing unit in duration %s",
                         quote(whole, quoted));
    uint64_t ns = unit_ns(unit);
    if (ns == 0)
        return error_set(err, ERROR_INVALID_ARGUMENT, "time: unknown unit %s in duration %s",
                         quote(unit, quoted_unit), quote(whole, quoted));

    if (value > magnitude_max / ns)
        return invalid(whole, err);
    value *= ns;
    if (fraction > 0)
        value += (uint64_t)((double)fraction * ((double)ns / scale)); /* in Go's order */
    if (value > magnitude_max || value > magnitude_max - *total)
        return invalid(whole, err);
    *total += value;
    return true;
}

bool go_duration_parse(struct text t, int64_t *out_ns, struct error *err)
{
    struct text whole = t;
    bool negative = t.len > 0 && t.data[0] == '-';
    if (negative || (t.len > 0 && t.data[0] == '+'))
        t = skip(t, 1);
    if (text_equal(t, TEXT("0"))) { /* DUR-003: the only value without a unit */
        *out_ns = 0;
        return true;
    }
    if (t.len == 0)
        return invalid(whole, err);

    uint64_t total = 0;
    while (t.len > 0)
        if (!read_group(whole, &t, &total, err))
            return false;
    if (total == magnitude_max && !negative)
        return invalid(whole, err);
    *out_ns = negative ? (int64_t)-total : (int64_t)total;
    return true;
}

/* Written from the end, as what comes first depends on what follows. */
static char *put_number(char *at, uint64_t value)
{
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return at;
}

/* value / 10^digits: the fraction without trailing zeros, then the whole part. */
static char *put_decimal(char *at, uint64_t value, int digits)
{
    bool printing = false;
    for (int i = 0; i < digits; i++, value /= 10) {
        printing = printing || value % 10 != 0;
        if (printing)
            *--at = (char)('0' + value % 10);
    }
    if (printing)
        *--at = '.';
    return put_number(at, value);
}

static char *put_unit(char *at, const char *unit)
{
    size_t len = strlen(unit);
    at -= len;
    for (size_t i = 0; i < len; i++)
        at[i] = unit[i];
    return at;
}

/* DUR-005: below a second the largest fitting unit, else hours, minutes, seconds. */
static char *put_magnitude(char *at, uint64_t ns)
{
    if (ns == 0)
        return put_unit(at, "0s");
    if (ns < 1000)
        return put_number(put_unit(at, "ns"), ns);
    if (ns < NS_PER_MS)
        return put_decimal(put_unit(at, "\u00b5s"), ns, 3);
    if (ns < NS_PER_SEC)
        return put_decimal(put_unit(at, "ms"), ns, 6);

    uint64_t minutes = ns / (60 * NS_PER_SEC);
    at = put_decimal(put_unit(at, "s"), ns % (60 * NS_PER_SEC), 9);
    if (minutes > 0)
        at = put_number(put_unit(at, "m"), minutes % 60);
    if (minutes >= 60)
        at = put_number(put_unit(at, "h"), minutes / 60);
    return at;
}

bool go_duration_append(struct buffer *out, int64_t ns)
{
    char text[sizeof "-2562047h47m16.854775808s"];
    char *end = text + sizeof text;
    char *at = put_magnitude(end, ns < 0 ? -(uint64_t)ns : (uint64_t)ns);
    if (ns < 0)
        *--at = '-';
    return buffer_append(out, at, (size_t)(end - at));
}
