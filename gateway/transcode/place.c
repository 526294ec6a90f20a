#include "gateway/transcode/place.h"

#include <stdio.h>

#include "common/base/scope.h"

enum { LONGEST_SHOWN = 1024 };

static size_t append(const struct place *place, enum place_names names, char *out, size_t size)
{
    if (place == NULL)
        return 0;
    size_t used = append(place->outer, names, out, size);
    if (used >= size)
        return used;
    char *at = out + used;
    const size_t room = size - used;
    int n = 0;
    struct text name;
    switch (place->kind) {
    case PLACE_ELEMENT:
        n = snprintf(at, room, "[%lld]", (long long)place->index);
        break;
    case PLACE_KEY:
        n = snprintf(at, room, "[\"" TEXT_FMT "\"]", TEXT_ARGS(place->key));
        break;
    case PLACE_FIELD:
    default:
        name = names == PLACE_JSON_NAMES ? place->field->json_name : place->field->name;
        n = snprintf(at, room, "%s" TEXT_FMT, used == 0 ? "" : ".", TEXT_ARGS(name));
        break;
    }
    return n < 0 ? used : used + (size_t)n;
}

void place_text(const struct place *place, enum place_names names, char *out, size_t size)
{
    /* A character more than fits, so that what cuts it sees whether it cuts one. */
    char whole[LONGEST_SHOWN + 4] = "";
    append(place, names, whole, sizeof whole);
    size_t len = text_cut_len(text_of(whole), size - 1);
    (void)snprintf(out, size, "%.*s", (int)len, whole);
}
