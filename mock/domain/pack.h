/* Lays out a record with everything it points to in one allocation of exactly the needed size.
 *
 * The layout function runs twice over the same input: first with base NULL, which only measures,
 * then with memory of that size, which it fills. So sizes cannot disagree with contents. */
#ifndef TESTKIT_MOCK_DOMAIN_PACK_H
#define TESTKIT_MOCK_DOMAIN_PACK_H

#include <stddef.h>

#include "common/base/text.h"
#include "mock/domain/pairs.h"

struct pack {
    char *base;  /* NULL: measuring; aligned for any type otherwise */
    size_t used; /* bytes laid out so far                           */
};

/* Room for an array of `count` items; NULL while measuring or when count is 0. */
void *pack_room(struct pack *pack, size_t count, size_t item_size, size_t align);
#define PACK_ARRAY(pack, type, count)                                                              \
    ((type *)pack_room((pack), (count), sizeof(type), _Alignof(type)))

/* Copies; while measuring the result is the input itself. */
struct text pack_text(struct pack *pack, struct text t);
struct text_list pack_text_list(struct pack *pack, struct text_list list);
struct pair_list pack_pair_list(struct pack *pack, struct pair_list list);

#endif
