#include "mock/domain/record_list.h"

#include <stdlib.h>

bool record_list_add(struct record_list *list, const struct mem *mem, const void *record)
{
    if (list->count == list->capacity) {
        const void **items = mem_grow(mem, list->items, &list->capacity, sizeof *list->items);
        if (items == NULL)
            return false;
        list->items = items;
    }
    list->items[list->count++] = record;
    return true;
}

void record_list_fini(struct record_list *list, const struct mem *mem)
{
    mem_free(mem, list->items);
    *list = (struct record_list){ 0 };
}

void record_list_sort(struct record_list *list, int (*order)(const void *, const void *))
{
    if (list->count > 1)
        qsort(list->items, list->count, sizeof *list->items, order);
}
