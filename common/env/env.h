/* The outside world as values: time, randomness, memory.
 *
 * Core code takes a struct env and calls nothing else of the kind, so a test moves a day forward
 * in one line and replays any id or failed allocation. The functions are called from the thread
 * that owns the object built on the env. */
#ifndef TESTKIT_COMMON_ENV_ENV_H
#define TESTKIT_COMMON_ENV_ENV_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/mem.h"

#define NS_PER_MS  INT64_C(1000000)
#define NS_PER_SEC INT64_C(1000000000)

struct clock {
    int64_t (*now_ns)(void *ctx); /* UTC nanoseconds since 1970 */
    void *ctx;
};

struct rng {
    void (*fill)(void *ctx, void *out, size_t len);
    void *ctx;
};

struct env {
    struct clock clock;
    struct rng rng;
    struct mem mem;
};

/* The system's clock. */
struct clock clock_system(void);
/* Nanoseconds that only go forward, for measuring waits; unrelated to the calendar. */
int64_t monotonic_now_ns(void);
struct clock clock_monotonic(void); /* the same, as a value */

/* Random bytes of the operating system. */
struct rng rng_system(void);

/* A repeatable stream: the same seed gives the same bytes on every machine (splitmix64). */
struct rng_seeded {
    uint64_t state;
};
struct rng rng_from_seed(struct rng_seeded *state, uint64_t seed); /* state borrowed */

static inline int64_t env_now_ns(const struct env *env)
{
    return env->clock.now_ns(env->clock.ctx);
}

static inline void env_random(const struct env *env, void *out, size_t len)
{
    env->rng.fill(env->rng.ctx, out, len);
}

#endif
