/* Addresses of the simulated default network 10.100.0.0/16 (INST-J-034). */
#ifndef TESTKIT_MOCK_DOMAIN_NETWORK_H
#define TESTKIT_MOCK_DOMAIN_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/text.h"

#define NETWORK_NAME "default"

/* An instance's place in the network. All zero: no address yet. */
struct network_address {
    uint8_t ip[4];  /* in the order they are written */
    uint8_t mac[3]; /* the octets after 02:00:00     */
};

struct network_text {
    char text[24]; /* NUL-terminated; "" without an address (INST-J-032) */
};

bool network_has_address(const struct network_address *address);
bool network_same_address(const struct network_address *a, const struct network_address *b);
struct network_text network_ip_text(const struct network_address *address); /* "10.100.0.2" */
struct network_text
network_mac_text(const struct network_address *address); /* "02:00:00:00:00:01" */

#endif
