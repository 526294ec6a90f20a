#include "mock/http/target.h"

#include <string.h>

#include "common/http/http.h"

/* What follows "scheme://authority"; false when target does not start with that. */
static bool skip_authority(struct text target, struct text *rest)
{
    static const struct text schemes[] = { { "http://", 7 }, { "https://", 8 } };

    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        const struct text start = { target.data, schemes[i].len };
        if (target.len < start.len || !text_equal_nocase(start, schemes[i]))
            continue;
        *rest = (struct text){ target.data + start.len, target.len - start.len };
        const char *slash = memchr(rest->data, '/', rest->len);
        if (slash == NULL) {
            *rest = TEXT("/");
            return true;
        }
        *rest = (struct text){ slash, target.len - (size_t)(slash - target.data) };
        return true;
    }
    return false;
}

bool target_split(struct text target, struct text *path, struct text *query)
{
    for (size_t i = 0; i < target.len; i++) {
        const unsigned char c = (unsigned char)target.data[i];
        if (c <= ' ' || c == 0x7f)
            return false;
    }
    if (target.len > 0 && target.data[0] != '/' && !skip_authority(target, &target))
        return false;
    if (target.len == 0)
        return false;
    http_split_target(target, path, query);
    return true;
}
