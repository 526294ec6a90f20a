#include "mock/domain/capacity.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "common/base/checked.h"
#include "mock/domain/size_text.h"

static const struct {
    const char *reason; /* in "insufficient {reason}"        */
    bool is_count;      /* written plainly, not as a size    */
    const char *per;    /* after each size                   */
} kinds[] = {
    [CAPACITY_CPU] = { "CPU", true, "" },
    [CAPACITY_MEMORY] = { "memory", false, "" },
    [CAPACITY_DISK] = { "disk", false, "" },
    [CAPACITY_NETWORK] = { "network bandwidth", false, "/s" },
    [CAPACITY_DISK_IO] = { "disk I/O", false, "/s" },
};
static_assert(ARRAY_LEN(kinds) == CAPACITY_KIND_COUNT, "one row per kind");

struct capacity capacity_default(void)
{
    return (struct capacity){
        .total = { [CAPACITY_CPU] = 16,
                   [CAPACITY_MEMORY] = INT64_C(64) << 30,
                   [CAPACITY_DISK] = INT64_C(1) << 40,
                   [CAPACITY_NETWORK] = INT64_C(10000000000) / 8,
                   [CAPACITY_DISK_IO] = INT64_C(1000000000) },
        .oversub_permille = { [CAPACITY_CPU] = 4000,
                              [CAPACITY_MEMORY] = 1000,
                              [CAPACITY_DISK] = 1000,
                              [CAPACITY_NETWORK] = 2000,
                              [CAPACITY_DISK_IO] = 2000 },
    };
}

int64_t capacity_limit(const struct capacity *capacity, enum capacity_kind kind)
{
    int64_t scaled = 0;
    if (!i64_mul(capacity->total[kind], capacity->oversub_permille[kind], &scaled))
        return INT64_MAX;
    return scaled / 1000;
}

int64_t capacity_available(const struct capacity *capacity, const struct capacity_use *use,
                           enum capacity_kind kind)
{
    int64_t limit = capacity_limit(capacity, kind);
    return limit > use->used[kind] ? limit - use->used[kind] : 0;
}

void capacity_use_add(struct capacity_use *use, const struct capacity_use *more)
{
    for (size_t i = 0; i < CAPACITY_KIND_COUNT; i++)
        use->used[i] += more->used[i];
    use->gpu_slots += more->gpu_slots;
}

void capacity_use_subtract(struct capacity_use *use, const struct capacity_use *less)
{
    for (size_t i = 0; i < CAPACITY_KIND_COUNT; i++)
        use->used[i] -= less->used[i];
    use->gpu_slots -= less->gpu_slots;
}

struct amount {
    char text[40];
};

static struct amount amount(enum capacity_kind kind, int64_t value)
{
    struct amount out;
    if (kinds[kind].is_count)
        snprintf(out.text, sizeof out.text, "%" PRId64, value);
    else
        snprintf(out.text, sizeof out.text, "%s%s", size_text(value).text, kinds[kind].per);
    return out;
}

static bool refuse(const struct capacity *capacity, const struct capacity_use *use,
                   enum capacity_kind kind, int64_t wanted, struct error *err)
{
    return error_set(
        err, ERROR_RESOURCE_EXHAUSTED,
        "insufficient resources: insufficient %s: requested %s%s, but only %s "
        "available (currently allocated: %s, effective limit: %s with %.1fx "
        "oversubscription)",
        kinds[kind].reason, amount(kind, wanted).text, kinds[kind].is_count ? " vCPUs" : "",
        amount(kind, capacity_available(capacity, use, kind)).text,
        amount(kind, use->used[kind]).text, amount(kind, capacity_limit(capacity, kind)).text,
        (double)capacity->oversub_permille[kind] / 1000.0);
}

static bool check_gpu(const struct capacity *capacity, const struct capacity_use *use,
                      int64_t wanted, struct error *err)
{
    int64_t available = capacity->gpu_slots - use->gpu_slots;
    if (wanted <= 0 || wanted <= available)
        return true;
    if (capacity->gpu_slots <= 0)
        return error_set(err, ERROR_RESOURCE_EXHAUSTED,
                         "insufficient resources: insufficient GPU: no GPU available on this host");
    /* One profile is one slot, so too few always means none. */
    return error_set(err, ERROR_RESOURCE_EXHAUSTED,
                     "insufficient resources: insufficient GPU: all %" PRId64
                     " vgpu slots are in use",
                     capacity->gpu_slots);
}

bool capacity_check(const struct capacity *capacity, const struct capacity_use *use,
                    const struct capacity_use *wanted, struct error *err)
{
    for (enum capacity_kind kind = 0; kind < CAPACITY_KIND_COUNT; kind++) {
        if (wanted->used[kind] > capacity_available(capacity, use, kind))
            return refuse(capacity, use, kind, wanted->used[kind], err);
    }
    return check_gpu(capacity, use, wanted->gpu_slots, err);
}
