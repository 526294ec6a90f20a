/* Identifiers of resources: 24 characters, ^[a-z][0-9a-z]{23}$, random (SNAP-I-001). */
#ifndef TESTKIT_MOCK_DOMAIN_RESOURCE_ID_H
#define TESTKIT_MOCK_DOMAIN_RESOURCE_ID_H

#include "common/base/text.h"
#include "common/env/env.h"

enum { RESOURCE_ID_LEN = 24 };

struct resource_id {
    char chars[RESOURCE_ID_LEN];
};

/* From the env's randomness: more than 2^120 possibilities, so ids do not repeat in practice. */
struct resource_id resource_id_random(const struct env *env);

/* Always the same for the same words: for resources that are known by a word before they exist. */
struct resource_id resource_id_of(struct text words);

/* Borrowed from *id. */
static inline struct text resource_id_text(const struct resource_id *id)
{
    return (struct text){ id->chars, RESOURCE_ID_LEN };
}

#endif
