/* A struct env for tests: a clock that moves when told, a repeatable stream of random bytes, and
 * memory that counts its blocks and fails on request.
 *
 *     struct fake_env fake;
 *     fake_env_init(&fake);
 *     struct thing *thing = thing_new(&fake.env);
 *     fake.now_ns += 5 * NS_PER_SEC;
 *     ...
 *     thing_free(thing);
 *     assert_int_equal(fake.live_blocks, 0);
 *
 * Do not move or copy it after init. */
#ifndef TESTKIT_TESTS_SUPPORT_FAKE_ENV_H
#define TESTKIT_TESTS_SUPPORT_FAKE_ENV_H

#include <stddef.h>
#include <stdint.h>

#include "common/env/env.h"

#define FAKE_ENV_START_NS    INT64_C(1767225600000000000) /* 2026-01-01T00:00:00Z */
#define FAKE_ENV_NEVER_FAILS SIZE_MAX

struct fake_env {
    struct env env;
    int64_t now_ns;     /* what the clock says; set it freely                              */
    size_t live_blocks; /* allocated and not yet freed                                     */
    size_t live_bytes;  /* the same in bytes, as the C library rounds and heads them       */
    size_t allocations; /* so far, successful or not; growing a block counts               */
    size_t allowed;     /* this many more succeed, then all fail; FAKE_ENV_NEVER_FAILS     */
    struct rng_seeded rng;
};

/* Clock at FAKE_ENV_START_NS, a fixed seed, memory that never fails. */
void fake_env_init(struct fake_env *fake);

#endif
