#include "conformance/suite/bundle.h"

#include <assert.h>
#include <string.h>

static const struct text mark = TEXT("file ");

bool bundle_append(struct buffer *out, struct text path, struct text bytes)
{
    buffer_appendf(out, "file " TEXT_FMT " %zu\n", TEXT_ARGS(path), bytes.len);
    buffer_append_text(out, bytes);
    return buffer_append_byte(out, '\n');
}

bool bundle_next(struct text *rest, struct bundle_file *out)
{
    uint64_t size = 0;

    if (rest->len == 0)
        return false;
    struct text line = text_split(rest, '\n');
    assert(text_starts_with(line, mark));
    line = (struct text){ line.data + mark.len, line.len - mark.len };
    out->path = text_split(&line, ' ');
    assert(text_parse_u64(line, &size) && size < rest->len);
    out->bytes = (struct text){ rest->data, (size_t)size };
    *rest = (struct text){ rest->data + size + 1, rest->len - size - 1 };
    return true;
}

bool bundle_find(struct text bundle, const char *path, struct bundle_file *out)
{
    while (bundle_next(&bundle, out)) {
        if (text_equal_cstr(out->path, path))
            return true;
    }
    return false;
}

bool bundle_name(struct text path, const char *folder, const char *suffix, struct text *name)
{
    size_t front = strlen(folder) + 1;
    size_t back = strlen(suffix);

    if (path.len <= front + back || memcmp(path.data, folder, front - 1) != 0 ||
        path.data[front - 1] != '/' || memcmp(path.data + path.len - back, suffix, back) != 0)
        return false;
    *name = (struct text){ path.data + front, path.len - front - back };
    return true;
}
