#include "common/env/env.h"

#include <assert.h>
#include <errno.h>
#include <sys/random.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec now;
    int rc = clock_gettime(id, &now);
    assert(rc == 0);
    return (int64_t)now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

static int64_t system_now_ns(void *ctx)
{
    (void)ctx;
    return read_clock(CLOCK_REALTIME);
}

struct clock clock_system(void)
{
    return (struct clock){ .now_ns = system_now_ns };
}

int64_t monotonic_now_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

static int64_t ticks_now_ns(void *ctx)
{
    (void)ctx;
    return monotonic_now_ns();
}

struct clock clock_monotonic(void)
{
    return (struct clock){ .now_ns = ticks_now_ns };
}

static void system_fill(void *ctx, void *out, size_t len)
{
    (void)ctx;
    for (char *at = out; len > 0;) {
        ssize_t n = getrandom(at, len, 0);
        assert(n >= 0 || errno == EINTR); /* Linux promises no other failure */
        if (n > 0) {
            at += n;
            len -= (size_t)n;
        }
    }
}

struct rng rng_system(void)
{
    return (struct rng){ .fill = system_fill };
}

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* Byte by byte, lowest first, so the bytes are the same whatever the machine's order. */
static void seeded_fill(void *ctx, void *out, size_t len)
{
    struct rng_seeded *seeded = ctx;
    unsigned char *bytes = out;
    uint64_t word = 0;
    for (size_t i = 0; i < len; i++) {
        word = i % 8 == 0 ? splitmix64(&seeded->state) : word >> 8;
        bytes[i] = (unsigned char)word;
    }
}

struct rng rng_from_seed(struct rng_seeded *state, uint64_t seed)
{
    state->state = seed;
    return (struct rng){ .fill = seeded_fill, .ctx = state };
}
