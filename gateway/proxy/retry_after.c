#include "gateway/proxy/retry_after.h"

#include <stdio.h>
#include <string.h>

#include "common/json/rfc3339.h"
#include "gateway/transcode/schema.h"

/* Written anew as RFC 3339, which is then parsed strictly. The two old forms of dates are not
 * taken. */
static bool parse_date(struct text t, int64_t *seconds)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    static const char form[] = "Sun, 06 Nov 1994 08:49:37 GMT";
    struct timestamp at;
    char text[32];
    if (t.len != sizeof form - 1 || memcmp(t.data + 3, ", ", 2) != 0 || t.data[7] != ' ' ||
        t.data[11] != ' ' || t.data[16] != ' ' || memcmp(t.data + 25, " GMT", 4) != 0)
        return false;
    const char *month = memmem(months, sizeof months - 1, t.data + 8, 3);
    if (month == NULL || (month - months) % 3 != 0)
        return false;
    int len = snprintf(text, sizeof text, "%.4s-%02d-%.2sT%.8sZ", t.data + 12,
                       (int)(month - months) / 3 + 1, t.data + 5, t.data + 17);
    if (!rfc3339_parse((struct text){ text, (size_t)len }, &at))
        return false;
    *seconds = at.seconds;
    return true;
}

int64_t retry_after_seconds(struct text retry_after, struct text date)
{
    int64_t seconds = 0;
    int64_t now = 0;
    if (parse_date(retry_after, &seconds))
        return !parse_date(date, &now) ? -1 : seconds < now ? 0 : seconds - now;
    const bool is_number = text_parse_i64(retry_after, &seconds);
    return is_number && seconds >= 0 && seconds <= DURATION_MAX_SECONDS ? seconds : -1;
}
