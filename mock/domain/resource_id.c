#include "mock/domain/resource_id.h"

#include <stdint.h>

struct resource_id resource_id_of(struct text words)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    struct rng_seeded stream;

    for (size_t i = 0; i < words.len; i++)
        hash = (hash ^ (uint8_t)words.data[i]) * UINT64_C(0x100000001b3);
    const struct env env = { .rng = rng_from_seed(&stream, hash) };
    return resource_id_random(&env);
}

struct resource_id resource_id_random(const struct env *env)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    struct resource_id id;
    /* 16 bits a character: the bias of the remainder is under 0.1 %, and the number of random
     * bytes an id takes is always the same, which keeps replays aligned. */
    uint16_t random[RESOURCE_ID_LEN];
    env_random(env, random, sizeof random);
    id.chars[0] = letters[random[0] % 26];
    for (int i = 1; i < RESOURCE_ID_LEN; i++)
        id.chars[i] = letters[random[i] % 36];
    return id;
}
