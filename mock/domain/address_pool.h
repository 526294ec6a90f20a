/* Which address the next networked instance gets. */
#ifndef TESTKIT_MOCK_DOMAIN_ADDRESS_POOL_H
#define TESTKIT_MOCK_DOMAIN_ADDRESS_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/scope.h"
#include "mock/domain/cow_map.h"
#include "mock/domain/network.h"

struct address_pool {
    uint32_t first_free; /* every host number below is taken; the next one may be as well */
    uint32_t macs_given; /* MACs count up and start again after 2^24 - 1                  */
};

struct address_pool address_pool_new(void);

/* The lowest free address from 10.100.0.2 up, with the next MAC; takes nothing.
 * by_ip    the instances that hold an address, keyed by its four octets
 * False when all 65533 are taken. */
MUST_USE bool address_pool_pick(const struct address_pool *pool, const struct cow_map *by_ip,
                                struct network_address *out);

/* To be told when an address is about to be in by_ip, picked or not, and when one is given back. */
void address_pool_took(struct address_pool *pool, const struct cow_map *by_ip,
                       const struct network_address *address);
void address_pool_freed(struct address_pool *pool, const struct network_address *address);

#endif
