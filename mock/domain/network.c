#include "mock/domain/network.h"

#include <stdio.h>

bool network_has_address(const struct network_address *address)
{
    return address->ip[0] != 0;
}

struct network_text network_ip_text(const struct network_address *address)
{
    struct network_text out = { "" };
    const uint8_t *ip = address->ip;
    if (network_has_address(address))
        snprintf(out.text, sizeof out.text, "%u.%u.%u.%u", ip[0], ip[1], ip[2], ip[3]);
    return out;
}

struct network_text network_mac_text(const struct network_address *address)
{
    struct network_text out = { "" };
    const uint8_t *mac = address->mac;
    if (network_has_address(address))
        snprintf(out.text, sizeof out.text, "02:00:00:%02x:%02x:%02x", mac[0], mac[1], mac[2]);
    return out;
}
