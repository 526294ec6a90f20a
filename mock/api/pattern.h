/* The few regular expressions of the API description, as match functions named by their text. */
#ifndef TESTKIT_MOCK_API_PATTERN_H
#define TESTKIT_MOCK_API_PATTERN_H

#include <stdbool.h>

#include "common/base/text.h"

struct pattern {
    const char *source; /* as messages show it */
    bool (*matches)(struct text t);
};

extern const struct pattern pattern_name;      /* instances, snapshots, forks */
extern const struct pattern pattern_tag_value; /* values of tags              */
extern const struct pattern pattern_platform;  /* os/arch[/variant]           */
extern const struct pattern pattern_date_time; /* what `format: date-time` asks for */

#endif
