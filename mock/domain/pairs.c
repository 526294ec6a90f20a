#include "mock/domain/pairs.h"

#include <stdlib.h>

static int by_key(const void *a, const void *b)
{
    return text_compare(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

void pairs_sort(struct pair *pairs, size_t count)
{
    if (count > 1)
        qsort(pairs, count, sizeof *pairs, by_key);
}

const struct text *pairs_find(struct pair_list list, struct text key)
{
    size_t low = 0;
    size_t high = list.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = text_compare(key, list.items[middle].key);
        if (order == 0)
            return &list.items[middle].value;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

bool pairs_match(struct pair_list list, struct pair_list wanted)
{
    for (size_t i = 0; i < wanted.count; i++) {
        const struct text *value = pairs_find(list, wanted.items[i].key);
        if (value == NULL || !text_equal(*value, wanted.items[i].value))
            return false;
    }
    return true;
}
