#include "tests/unit/gateway/api_set.h"

#include <stdio.h>
#include <stdlib.h>

enum { FILE_MAX = 64 << 20, STEP = 64 << 10 };

struct buffer file_bytes(const char *path)
{
    struct buffer out = buffer_capped(FILE_MAX);
    FILE *file = fopen(path, "rbe");
    size_t n = STEP;
    while (file != NULL && n == STEP) {
        char *room = buffer_reserve(&out, STEP);
        if (room == NULL)
            break;
        n = fread(room, 1, STEP, file);
        buffer_commit(&out, n);
    }
    if (file == NULL || ferror(file) || out.failed) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(EXIT_FAILURE);
    }
    fclose(file);
    return out;
}

struct schema *api_set_load(const char *path)
{
    SCOPED(buffer) struct buffer set = file_bytes(path);
    struct schema *schema = NULL;
    struct error err = { 0 };
    if (!schema_load(buffer_text(&set), &schema, &err))
        fprintf(stderr, "%s: %s\n", path, err.message);
    return schema;
}
