#include "mock/domain/size_text.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "common/base/scope.h"

struct size_text size_text(int64_t bytes)
{
    static const struct {
        const char *unit;
        int64_t bytes;
    } units[] = {
        { "EB", INT64_C(1) << 60 }, { "PB", INT64_C(1) << 50 }, { "TB", INT64_C(1) << 40 },
        { "GB", INT64_C(1) << 30 }, { "MB", INT64_C(1) << 20 }, { "KB", INT64_C(1) << 10 },
    };
    struct size_text out;
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (bytes > units[i].bytes) {
            snprintf(out.text, sizeof out.text, "%.1f %s", (double)bytes / (double)units[i].bytes,
                     units[i].unit);
            return out;
        }
    }
    snprintf(out.text, sizeof out.text, "%" PRId64 " B", bytes < 0 ? INT64_C(0) : bytes);
    return out;
}
