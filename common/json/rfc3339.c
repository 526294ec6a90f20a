#include "common/json/rfc3339.h"

#include "common/env/env.h"

enum { SECONDS_PER_DAY = 86400, LAST_YEAR = 9999 };

static const int64_t min_seconds = INT64_C(-62135596800); /* 0001-01-01T00:00:00Z */
static const int64_t max_seconds = INT64_C(253402300799); /* 9999-12-31T23:59:59Z */

/* Days since 1970-01-01 in the proleptic Gregorian calendar. Years start in March here, which puts
 * the leap day last; 400 of them are 146097 days. */
static int64_t days_from_date(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void date_from_days(int64_t days, int *year, int *month, int *day)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;
    *day = (int)(day_of_year - (153 * march_month + 2) / 5 + 1);
    *month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2));
}

static int days_in_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* `count` digits with a value of low..high. */
static bool read_number(struct text *t, size_t count, int low, int high, int *out)
{
    if (t->len < count)
        return false;
    int value = 0;
    for (size_t i = 0; i < count; i++) {
        if (t->data[i] < '0' || t->data[i] > '9')
            return false;
        value = value * 10 + (t->data[i] - '0');
    }
    *t = (struct text){ t->data + count, t->len - count };
    *out = value;
    return value >= low && value <= high;
}

static bool read_char(struct text *t, char either, char or)
{
    if (t->len == 0 || (t->data[0] != either && t->data[0] != or))
        return false;
    *t = (struct text){ t->data + 1, t->len - 1 };
    return true;
}

/* The fraction is optional; when its point is there, so must be a digit. */
static bool read_fraction(struct text *t, int32_t *nanos)
{
    *nanos = 0;
    if (!read_char(t, '.', '.'))
        return true;
    int digit;
    int32_t unit = NS_PER_SEC / 10;
    if (t->len == 0 || t->data[0] < '0' || t->data[0] > '9')
        return false;
    while (read_number(t, 1, 0, 9, &digit)) {
        *nanos += digit * unit;
        unit /= 10;
    }
    return true;
}

static bool read_offset(struct text *t, int *seconds)
{
    *seconds = 0;
    if (read_char(t, 'Z', 'z'))
        return true;
    bool west = t->len > 0 && t->data[0] == '-';
    int hours;
    int minutes;
    if (!read_char(t, '+', '-') || !read_number(t, 2, 0, 23, &hours) || !read_char(t, ':', ':') ||
        !read_number(t, 2, 0, 59, &minutes))
        return false;
    *seconds = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
    return true;
}

bool rfc3339_parse(struct text t, struct timestamp *out)
{
    int year, month, day, hour, minute, second, offset;
    int32_t nanos;
    if (!read_number(&t, 4, 0, LAST_YEAR, &year) || !read_char(&t, '-', '-') ||
        !read_number(&t, 2, 1, 12, &month) || !read_char(&t, '-', '-') ||
        !read_number(&t, 2, 1, days_in_month(year, month), &day) || !read_char(&t, 'T', 't') ||
        !read_number(&t, 2, 0, 23, &hour) || !read_char(&t, ':', ':') ||
        !read_number(&t, 2, 0, 59, &minute) || !read_char(&t, ':', ':') ||
        !read_number(&t, 2, 0, 59, &second) || !read_fraction(&t, &nanos) ||
        !read_offset(&t, &offset) || t.len != 0)
        return false;

    /* Year 0 may become year 1, and 9999 leave the range, once the offset is applied. */
    struct timestamp ts = {
        .seconds = days_from_date(year, month, day) * SECONDS_PER_DAY + hour * INT64_C(3600) +
                   minute * INT64_C(60) + second - offset,
        .nanos = nanos,
    };
    if (!timestamp_is_valid(ts))
        return false;
    *out = ts;
    return true;
}

bool timestamp_is_valid(struct timestamp ts)
{
    return ts.seconds >= min_seconds && ts.seconds <= max_seconds && ts.nanos >= 0 &&
           ts.nanos < NS_PER_SEC;
}

struct timestamp timestamp_from_ns(int64_t ns)
{
    int64_t seconds = ns / NS_PER_SEC;
    int64_t nanos = ns % NS_PER_SEC;
    return nanos < 0 ? (struct timestamp){ seconds - 1, (int32_t)(nanos + NS_PER_SEC) }
                     : (struct timestamp){ seconds, (int32_t)nanos };
}

static char *write_number(char *at, int value, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return at + digits;
}

bool rfc3339_append(struct buffer *out, struct timestamp ts)
{
    if (!timestamp_is_valid(ts)) {
        out->failed = true;
        return false;
    }
    int64_t days = ts.seconds / SECONDS_PER_DAY - (ts.seconds % SECONDS_PER_DAY < 0);
    int second_of_day = (int)(ts.seconds - days * SECONDS_PER_DAY);
    int year, month, day;
    date_from_days(days, &year, &month, &day);

    char text[sizeof "9999-12-31T23:59:59.999999999Z"];
    char *at = write_number(text, year, 4);
    *at++ = '-';
    at = write_number(at, month, 2);
    *at++ = '-';
    at = write_number(at, day, 2);
    *at++ = 'T';
    at = write_number(at, second_of_day / 3600, 2);
    *at++ = ':';
    at = write_number(at, second_of_day / 60 % 60, 2);
    *at++ = ':';
    at = write_number(at, second_of_day % 60, 2);
    if (ts.nanos > 0) {
        *at++ = '.';
        at = write_number(at, ts.nanos, 9);
        while (at[-1] == '0')
            at--;
    }
    *at++ = 'Z';
    return buffer_append(out, text, (size_t)(at - text));
}
