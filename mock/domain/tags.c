#include "mock/domain/tags.h"

#include <string.h>

#include "mock/domain/go_quote.h"

enum { KEY_MAX_CHARS = 128 };

static bool is_supported(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr(" _.:/=+@-", c) != NULL);
}

static bool check_key(struct text key, struct error *err)
{
    size_t chars = text_count_chars(key);
    if (chars < 1 || chars > KEY_MAX_CHARS)
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "tags",
                               "invalid request: invalid tags: key %s length %zu out of range "
                               "[1,128]",
                               go_quote(key).text, chars);
    for (size_t i = 0; i < key.len; i++) {
        if (!is_supported(key.data[i]))
            return error_set_field(err, ERROR_INVALID_ARGUMENT, "tags",
                                   "invalid request: invalid tags: key %s contains unsupported "
                                   "characters",
                                   go_quote(key).text);
    }
    return true;
}

bool tags_check_keys(struct pair_list tags, struct error *err)
{
    for (size_t i = 0; i < tags.count; i++) {
        if (!check_key(tags.items[i].key, err))
            return false;
    }
    return true;
}

bool tags_check_count(struct pair_list tags, struct error *err)
{
    return tags.count <= TAGS_MAX ||
           error_set_field(err, ERROR_INVALID_ARGUMENT, "tags",
                           "invalid request: invalid tags: too many entries: %zu (max %d)",
                           tags.count, TAGS_MAX);
}
