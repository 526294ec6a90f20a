#include "mock/domain/size_text.h"

#include <stddef.h>
#include <string.h>

#include "common/base/scope.h"

static const struct {
    const char *unit;
    int shift;
} units[] = {
    { " EB", 60 }, { " PB", 50 }, { " TB", 40 }, { " GB", 30 }, { " MB", 20 }, { " KB", 10 },
};

/* Writes the digits so that they end at `end`; returns where they begin. */
static char *put_digits(char *end, uint64_t value)
{
    do {
        *--end = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return end;
}

static struct size_text assemble(const char *digits, const char *end, const char *unit)
{
    struct size_text out;
    const size_t len = (size_t)(end - digits);
    memcpy(out.text, digits, len);
    memcpy(out.text + len, unit, strlen(unit) + 1);
    return out;
}

/* In whole numbers, as printing a double costs a tenth of a whole GET. Halves go to the even
 * neighbour, as printing the exact quotient would have them. */
struct size_text size_text(int64_t bytes)
{
    char digits[24];
    char *const end = digits + sizeof digits;
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        const int64_t unit = INT64_C(1) << units[i].shift;
        if (bytes <= unit)
            continue;
        const uint64_t whole = (uint64_t)bytes >> units[i].shift;
        const uint64_t ten_times = ((uint64_t)bytes & ((uint64_t)unit - 1)) * 10;
        const uint64_t rest = ten_times & ((uint64_t)unit - 1);
        uint64_t tenths = whole * 10 + (ten_times >> units[i].shift);
        if (2 * rest > (uint64_t)unit || (2 * rest == (uint64_t)unit && tenths % 2 == 1))
            tenths++;
        end[-1] = (char)('0' + tenths % 10);
        end[-2] = '.';
        return assemble(put_digits(end - 2, tenths / 10), end, units[i].unit);
    }
    return assemble(put_digits(end, bytes < 0 ? 0 : (uint64_t)bytes), end, " B");
}
