#include "tests/support/fake_env.h"

#include <malloc.h>
#include <stdlib.h>

/* glibc keeps one word before each block. */
static size_t block_cost(void *ptr)
{
    return malloc_usable_size(ptr) + sizeof(size_t);
}

static int64_t fake_now(void *ctx)
{
    const struct fake_env *fake = ctx;
    return fake->now_ns;
}

static void forget(struct fake_env *fake, void *ptr)
{
    fake->live_blocks--;
    fake->live_bytes -= block_cost(ptr);
}

static void *fake_resize(void *ctx, void *ptr, size_t size)
{
    struct fake_env *fake = ctx;
    if (size == 0) {
        if (ptr != NULL)
            forget(fake, ptr);
        free(ptr);
        return NULL;
    }
    fake->allocations++;
    if (fake->allowed == 0)
        return NULL;
    if (fake->allowed != FAKE_ENV_NEVER_FAILS)
        fake->allowed--;
    if (ptr != NULL)
        forget(fake, ptr);
    void *block = realloc(ptr, size);
    if (block == NULL)
        abort(); /* the machine, not the test, ran out */
    fake->live_blocks++;
    fake->live_bytes += block_cost(block);
    return block;
}

void fake_env_init(struct fake_env *fake)
{
    *fake = (struct fake_env){ .now_ns = FAKE_ENV_START_NS, .allowed = FAKE_ENV_NEVER_FAILS };
    fake->env = (struct env){
        .clock = { fake_now, fake },
        .rng = rng_from_seed(&fake->rng, 1),
        .mem = { fake_resize, fake },
    };
}
