/* path_template: the first line is a template, the next lines are values and then a path. Never
 * crashes; what is expanded matches its own template, and the captures decode to the values. */
#include "common/http/escape.h"
#include "common/http/path_template.h"
#include "fuzz/fuzz.h"

static void check_expansion(const struct path_template *t, struct text lines)
{
    struct text values[PATH_TEMPLATE_MAX_VARIABLES] = { 0 };
    struct text captures[PATH_TEMPLATE_MAX_VARIABLES];
    for (size_t i = 0; i < PATH_TEMPLATE_MAX_VARIABLES; i++)
        values[i] = text_split(&lines, '\n');
    SCOPED(buffer) struct buffer path = buffer_capped(16U << 20);
    struct error err = { 0 };
    if (!path_template_expand(t, values, &path, &err)) {
        ALWAYS(err.code == ERROR_INVALID_ARGUMENT && err.field[0] != '\0' && path.len == 0);
        return;
    }
    /* A '*' outside variables is written as itself and matches, too. */
    ALWAYS(path_template_match(t, buffer_text(&path), captures));
    SCOPED(arena) struct arena arena = arena_capped(16U << 20);
    for (size_t i = 0; i < path_template_variable_count(t); i++) {
        struct text decoded;
        ALWAYS(unescape(captures[i], false, &arena, &decoded, &err));
        ALWAYS(text_equal(decoded, values[i]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text input = { (const char *)data, size };
    struct text source = text_split(&input, '\n');
    struct path_template *t;
    struct error err = { 0 };
    if (!path_template_parse(source, &t, &err)) {
        ALWAYS(err.code == ERROR_INVALID_ARGUMENT);
        return 0;
    }
    ALWAYS(text_equal(path_template_source(t), source));
    check_expansion(t, input);

    struct text captures[PATH_TEMPLATE_MAX_VARIABLES];
    if (path_template_match(t, input, captures))
        for (size_t i = 0; i < path_template_variable_count(t); i++)
            ALWAYS(captures[i].len > 0 && captures[i].data > input.data &&
                   captures[i].data + captures[i].len <= input.data + input.len);
    path_template_free(t);
    return 0;
}
