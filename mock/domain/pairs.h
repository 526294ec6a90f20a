/* Sorted lists of texts and of text pairs: what a JSON object of strings (tags, env) becomes.
 * A list is a view: the items belong to whoever made them, for as long as that place says. */
#ifndef TESTKIT_MOCK_DOMAIN_PAIRS_H
#define TESTKIT_MOCK_DOMAIN_PAIRS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/text.h"

struct text_list {
    const struct text *items; /* may be NULL when count is 0 */
    size_t count;
};

struct pair {
    struct text key;
    struct text value;
};

/* Every pair_list given to the domain has ascending (byte order), unique keys: pairs_sort(). */
struct pair_list {
    const struct pair *items; /* may be NULL when count is 0 */
    size_t count;
};

/* Puts freshly decoded pairs in ascending byte order of their keys, in place. Keys are unique
 * already (of two equal keys the JSON decoder keeps the last). */
void pairs_sort(struct pair *pairs, size_t count);

/* The value of `key`; NULL when absent. Borrowed from the list. */
const struct text *pairs_find(struct pair_list list, struct text key);

/* Whether every pair of `wanted` is in `list` with exactly that value (TAG-020, TAG-021). True
 * for an empty `wanted`; a missing key does not match the empty value (SNAP-L-013). The order of
 * `wanted` does not matter. */
bool pairs_match(struct pair_list list, struct pair_list wanted);

#endif
