/* What the simulated host has, what its instances take, and whether more fits. Pure. */
#ifndef TESTKIT_MOCK_DOMAIN_CAPACITY_H
#define TESTKIT_MOCK_DOMAIN_CAPACITY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"

enum capacity_kind {
    CAPACITY_CPU,     /* vCPUs            */
    CAPACITY_MEMORY,  /* bytes            */
    CAPACITY_DISK,    /* bytes            */
    CAPACITY_NETWORK, /* bytes per second */
    CAPACITY_DISK_IO, /* bytes per second */
    CAPACITY_KIND_COUNT,
};

/* Of a host, of each: sums of them stay within 64 bits. */
#define CAPACITY_MAX (INT64_C(1) << 53)

struct capacity {
    int64_t total[CAPACITY_KIND_COUNT];            /* of the host                       */
    int64_t oversub_permille[CAPACITY_KIND_COUNT]; /* 4000 = four-fold; >= 0 */
    int64_t gpu_slots;                             /* 0: a host without GPU; mode vgpu  */
};

/* Sums over instances, or one instance's share. */
struct capacity_use {
    int64_t used[CAPACITY_KIND_COUNT];
    int64_t gpu_slots;
};

/* 16 CPUs, 64 GiB, 1 TiB, 10 Gbit/s, 1 GB/s; ratios 4, 1, 1, 2, 2; no GPU (instances.md 21). */
struct capacity capacity_default(void);

int64_t capacity_limit(const struct capacity *capacity, enum capacity_kind kind);
/* Limit minus used, never below 0 (RES-004). */
int64_t capacity_available(const struct capacity *capacity, const struct capacity_use *use,
                           enum capacity_kind kind);

void capacity_use_add(struct capacity_use *use, const struct capacity_use *more);
void capacity_use_subtract(struct capacity_use *use, const struct capacity_use *less);

/* Whether `wanted` fits beside `use`: CPU, memory, disk, network, disk I/O, GPU in that order.
 * Fails    RESOURCE_EXHAUSTED  insufficient resources: {reason}, reasons of instances.md 7.2 */
MUST_USE bool capacity_check(const struct capacity *capacity, const struct capacity_use *use,
                             const struct capacity_use *wanted, struct error *err);

#endif
