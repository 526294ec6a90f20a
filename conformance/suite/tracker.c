#include "conformance/suite/tracker.h"

#include <string.h>

static void forget(struct tracker *tracker, struct text path)
{
    for (struct tracked **at = &tracker->newest; *at != NULL; at = &(*at)->next) {
        if (!text_equal_cstr(path, (*at)->path))
            continue;
        *at = (*at)->next;
        return;
    }
}

void tracker_note(struct tracker *tracker, const struct shapes *shapes, const char *method,
                  struct text path, int status, const json_t *body)
{
    const struct operation_shape *operation = shapes_find(shapes, method, path);
    const char *id = json_string_value(json_object_get(body, "id"));

    if (status < 200 || status > 299)
        return;
    if (strcmp(method, "DELETE") == 0)
        forget(tracker, path);
    if (operation == NULL || operation->creates == NULL || id == NULL)
        return;
    struct tracked *made = arena_alloc(tracker->arena, sizeof *made);
    char *made_path = arena_printf(tracker->arena, "%s%s", operation->creates, id);
    if (made == NULL || made_path == NULL)
        return;
    *made = (struct tracked){ .path = made_path, .next = tracker->newest };
    tracker->newest = made;
}

const char *tracker_next(struct tracker *tracker, const struct shapes *shapes)
{
    const char *prefix;

    for (size_t i = 0; (prefix = shapes_cleanup(shapes, i)) != NULL; i++) {
        for (struct tracked **at = &tracker->newest; *at != NULL; at = &(*at)->next) {
            const char *path = (*at)->path;
            if (strncmp(path, prefix, strlen(prefix)) != 0)
                continue;
            *at = (*at)->next;
            return path;
        }
    }
    return NULL;
}
