/* Query strings: read with the leniency of Go's net/url, which the real server uses. */
#ifndef TESTKIT_COMMON_HTTP_QUERY_H
#define TESTKIT_COMMON_HTTP_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/text.h"

struct query_pair {
    struct text key;   /* decoded */
    struct text value; /* decoded; empty for "k" and "k=" */
};

struct query {
    struct query_pair *pairs; /* in the order sent; in the arena */
    size_t count;
};

/* Splits at '&'. '+' is a space. A pair with a bad percent escape or a ';' is dropped, the rest
 * stays (VALID-056, TAG-027). Empty pairs are skipped.
 * Fails  RESOURCE_EXHAUSTED  more than max_pairs
 *        NO_MEMORY */
MUST_USE bool query_parse(struct text raw, size_t max_pairs, struct arena *arena, struct query *out,
                          struct error *err);

/* Number of pairs with exactly this key; *first is the first one's value. */
size_t query_find(const struct query *query, const char *key, struct text *first);

/* For deepObject parameters: if key is name[sub] (exactly one bracket pair closing the key, e.g.
 * tags[team]), true and *sub is what stands inside, possibly empty. tags[a][b] and tags[a]x are
 * not of this form. */
bool query_deep_key(struct text key, const char *name, struct text *sub);

/* Appends key=value escaped, with '?' or '&' in front as b's content requires (`first` says
 * whether this is the first pair and is cleared). Returns !b->failed. */
bool query_append(struct buffer *b, bool *first, struct text key, struct text value);

#endif
