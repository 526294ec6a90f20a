#include "mock/domain/address_pool.h"

/* Host numbers within 10.100.0.0/16: .0.0 is the network, .0.1 the gateway, .255.255 broadcast. */
enum { HOST_FIRST = 2, HOST_LAST = 65534, MAC_COUNT = (1 << 24) - 1 };

static struct network_address address_of(uint32_t host, uint32_t mac)
{
    return (struct network_address){
        .ip = { 10, 100, (uint8_t)(host >> 8), (uint8_t)(host & 0xFF) },
        .mac = { (uint8_t)(mac >> 16), (uint8_t)((mac >> 8) & 0xFF), (uint8_t)(mac & 0xFF) },
    };
}

static uint32_t host_of(const struct network_address *address)
{
    return (uint32_t)address->ip[2] << 8 | address->ip[3];
}

struct address_pool address_pool_new(void)
{
    return (struct address_pool){ .first_free = HOST_FIRST };
}

bool address_pool_pick(const struct address_pool *pool, const struct cow_map *by_ip,
                       struct network_address *out)
{
    for (uint32_t host = pool->first_free; host <= HOST_LAST; host++) {
        struct network_address address = address_of(host, pool->macs_given % MAC_COUNT + 1);
        struct text ip = { (const char *)address.ip, sizeof address.ip };
        if (cow_map_find(by_ip, (struct cow_key){ .major = ip }) == NULL) {
            *out = address;
            return true;
        }
    }
    return false;
}

void address_pool_took(struct address_pool *pool, const struct cow_map *by_ip,
                       const struct network_address *address)
{
    struct network_address lowest;
    /* One that comes back with a snapshot may be any. */
    if (!address_pool_pick(pool, by_ip, &lowest) || !network_same_address(&lowest, address))
        return;
    pool->first_free = host_of(address) + 1;
    pool->macs_given = (pool->macs_given + 1) % MAC_COUNT;
}

void address_pool_freed(struct address_pool *pool, const struct network_address *address)
{
    if (host_of(address) < pool->first_free)
        pool->first_free = host_of(address);
}
