#include "mock/domain/pack.h"

#include <string.h>

void *pack_room(struct pack *pack, size_t count, size_t item_size, size_t align)
{
    if (count == 0)
        return NULL;
    pack->used = (pack->used + align - 1) / align * align;
    void *room = pack->base == NULL ? NULL : pack->base + pack->used;
    /* No overflow: the items exist in memory already, in the input. */
    pack->used += count * item_size;
    return room;
}

struct text pack_text(struct pack *pack, struct text t)
{
    char *room = PACK_ARRAY(pack, char, t.len);
    if (room == NULL)
        return t.len == 0 ? (struct text){ 0 } : t;
    memcpy(room, t.data, t.len);
    return (struct text){ room, t.len };
}

struct text_list pack_text_list(struct pack *pack, struct text_list list)
{
    struct text *items = PACK_ARRAY(pack, struct text, list.count);
    for (size_t i = 0; i < list.count; i++) {
        struct text item = pack_text(pack, list.items[i]);
        if (items != NULL)
            items[i] = item;
    }
    return (struct text_list){ items, list.count };
}

struct pair_list pack_pair_list(struct pack *pack, struct pair_list list)
{
    struct pair *items = PACK_ARRAY(pack, struct pair, list.count);
    for (size_t i = 0; i < list.count; i++) {
        struct text key = pack_text(pack, list.items[i].key);
        struct text value = pack_text(pack, list.items[i].value);
        if (items != NULL)
            items[i] = (struct pair){ key, value };
    }
    return (struct pair_list){ items, list.count };
}
